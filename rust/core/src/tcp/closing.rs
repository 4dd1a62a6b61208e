//! The end of a connection: which side has said that it sends no more, and which has heard it (RFC 9293 3.6).

use super::State;

/// A synchronized connection's state, from ESTABLISHED to TIME-WAIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nobody closed.
    Open,
    /// We closed, and our FIN is not acknowledged.
    FinSent,
    /// We closed, and the peer knows.
    FinAcknowledged,
    /// The peer closed.
    FinReceived,
    /// Both closed at once; our FIN is not acknowledged.
    Crossed,
    /// The peer closed, then we; our FIN is not acknowledged.
    LastAck,
    /// All is said; old segments may still come.
    TimeWait,
    /// All is said and heard.
    Over,
}

impl Closing {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Open => State::Established,
            Self::FinSent => State::FinWait1,
            Self::FinAcknowledged => State::FinWait2,
            Self::FinReceived => State::CloseWait,
            Self::Crossed => State::Closing,
            Self::LastAck => State::LastAck,
            Self::TimeWait => State::TimeWait,
            Self::Over => State::Closed,
        }
    }

    /// The application closes.
    pub(super) const fn on_close(self) -> Self {
        match self {
            Self::Open => Self::FinSent,
            Self::FinReceived => Self::LastAck,
            other => other,
        }
    }

    /// Our FIN is acknowledged.
    pub(super) const fn on_fin_acknowledged(self) -> Self {
        match self {
            Self::FinSent => Self::FinAcknowledged,
            Self::Crossed => Self::TimeWait,
            Self::LastAck => Self::Over,
            other => other,
        }
    }

    /// The peer's FIN is in order.
    pub(super) const fn on_fin(self) -> Self {
        match self {
            Self::Open => Self::FinReceived,
            Self::FinSent => Self::Crossed,
            Self::FinAcknowledged => Self::TimeWait,
            other => other,
        }
    }

    /// Whether the peer may still send data.
    pub(super) const fn receives(self) -> bool {
        matches!(self, Self::Open | Self::FinSent | Self::FinAcknowledged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figure 5 of RFC 9293, drawn from the code.
    #[test]
    fn every_edge_of_the_state_diagram() {
        let all = [
            Closing::Open,
            Closing::FinSent,
            Closing::FinAcknowledged,
            Closing::FinReceived,
            Closing::Crossed,
            Closing::LastAck,
            Closing::TimeWait,
            Closing::Over,
        ];
        let mut edges = String::new();
        for from in all {
            for (event, to) in [
                ("close", from.on_close()),
                ("ack of fin", from.on_fin_acknowledged()),
                ("fin", from.on_fin()),
            ] {
                if to != from {
                    edges += &format!("{} --{event}--> {}\n", from.state(), to.state());
                }
            }
        }
        let expected = "\
ESTABLISHED --close--> FIN-WAIT-1
ESTABLISHED --fin--> CLOSE-WAIT
FIN-WAIT-1 --ack of fin--> FIN-WAIT-2
FIN-WAIT-1 --fin--> CLOSING
FIN-WAIT-2 --fin--> TIME-WAIT
CLOSE-WAIT --close--> LAST-ACK
CLOSING --ack of fin--> TIME-WAIT
LAST-ACK --ack of fin--> CLOSED
";
        assert_eq!(edges, expected);
    }
}
