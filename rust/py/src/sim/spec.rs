//! What a direction of a link does, out of a dict.

use super::{refused, take};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use tapip_core::sim::{
    CapacityTrace, CodelSpec, Discipline, FqCodelSpec, GilbertElliott, JitterShape, LinkSpec, RedSpec,
};
use tapip_core::time::Duration;

/// `spec` with what a dict says. Its keys are the fields of `LinkSpec` and `Impairment`.
pub(super) fn changed(mut spec: LinkSpec, dict: &Bound<'_, PyDict>) -> PyResult<LinkSpec> {
    for (key, value) in dict {
        let key: String = key.extract()?;
        let unfit = || PyTypeError::new_err(format!("{key} cannot be {value}"));
        let wrong = |_: PyErr| unfit();
        match key.as_str() {
            "drop_list" => spec.impairment.drop_list = value.extract().map_err(wrong)?,
            "jitter_reorders" => spec.impairment.jitter_reorders = value.extract().map_err(wrong)?,
            "jitter_shape" => {
                spec.impairment.jitter_shape = shape(&value.extract::<String>().map_err(wrong)?)?;
            }
            "burst" => {
                let parts: Option<(u32, u32, u32, u32)> = value.extract().map_err(wrong)?;
                spec.impairment.burst = parts.map(|(to_bad, to_good, drop_in_good, drop_in_bad)| {
                    GilbertElliott { to_bad, to_good, drop_in_good, drop_in_bad }
                });
            }
            "capacity" => {
                let text: Option<String> = value.extract().map_err(wrong)?;
                let trace = text.map(|text| CapacityTrace::parse(&text)).transpose();
                spec.capacity = trace.map_err(|error| refused(&error))?.map(Arc::new);
            }
            "discipline" => spec.discipline = discipline(value.cast().map_err(|_| unfit())?)?,
            _ => {
                let number = value.extract().map_err(wrong)?;
                spec.set(&key, number).map_err(|error| refused(&error))?;
            }
        }
    }
    spec.check().map_err(|error| refused(&error))?;
    Ok(spec)
}

fn shape(name: &str) -> PyResult<JitterShape> {
    match name {
        "uniform" => Ok(JitterShape::Uniform),
        "normal" => Ok(JitterShape::Normal),
        "pareto" => Ok(JitterShape::Pareto),
        _ => Err(PyValueError::new_err(format!(
            "jitter_shape = {name}: allowed is one of uniform, normal, pareto"
        ))),
    }
}

fn discipline(dict: &Bound<'_, PyDict>) -> PyResult<Discipline> {
    let kind: String = take(dict, "kind")?.unwrap_or_else(|| "fifo".to_owned());
    Ok(match kind.as_str() {
        "fifo" => Discipline::Fifo { mark_bytes: take(dict, "mark_bytes")?.unwrap_or_default() },
        "red" => Discipline::Red(red(dict)?),
        "codel" => Discipline::Codel(codel(dict)?),
        "fq_codel" => {
            let usual = FqCodelSpec::default();
            Discipline::FqCodel(FqCodelSpec {
                codel: codel(dict)?,
                queues: take(dict, "queues")?.unwrap_or(usual.queues),
                quantum: take(dict, "quantum")?.unwrap_or(usual.quantum),
            })
        }
        _ => {
            return Err(PyValueError::new_err(format!(
                "aqm = {kind}: allowed is one of fifo, red, codel, fq_codel"
            )));
        }
    })
}

fn red(dict: &Bound<'_, PyDict>) -> PyResult<RedSpec> {
    let usual = RedSpec::default();
    Ok(RedSpec {
        min_bytes: take(dict, "min_bytes")?.unwrap_or(usual.min_bytes),
        max_bytes: take(dict, "max_bytes")?.unwrap_or(usual.max_bytes),
        max_drop: take(dict, "max_drop")?.unwrap_or(usual.max_drop),
        weight_log: take(dict, "weight_log")?.unwrap_or(usual.weight_log),
        idle_step: super::nanos(dict, "idle_step")?.unwrap_or(usual.idle_step),
        ecn: take(dict, "ecn")?.unwrap_or(usual.ecn),
    })
}

fn codel(dict: &Bound<'_, PyDict>) -> PyResult<CodelSpec> {
    let usual = CodelSpec::default();
    let span = |name, usual: Duration| Ok::<_, PyErr>(super::nanos(dict, name)?.unwrap_or(usual));
    Ok(CodelSpec {
        target: span("target", usual.target)?,
        interval: span("interval", usual.interval)?,
        floor_bytes: take(dict, "floor_bytes")?.unwrap_or(usual.floor_bytes),
        ecn: take(dict, "ecn")?.unwrap_or(usual.ecn),
    })
}
