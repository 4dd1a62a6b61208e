use super::*;

#[test]
fn names_that_the_kernel_would_refuse_are_refused_by_name() {
    for name in ["", "a/b", "with space", "sixteen-bytes-xx", "..", "a:b"] {
        let error =
            Tap::open(&TapOptions { name: Some(name.to_owned()), persistent: false }).expect_err(name);
        assert_eq!(error.errno(), Some(22), "{name}");
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
}

#[test]
fn refusals_name_the_device_and_the_way_out() {
    let text = |errno: i32| refusal("tap7", &io::Error::from_raw_os_error(errno)).to_string();
    assert_eq!(
        text(1),
        "cannot open tap device tap7: operation not permitted; run as root or with CAP_NET_ADMIN, or have root make it for you: ip tuntap add dev tap7 mode tap user $USER"
    );
    assert!(text(16).contains("another program has it"));
    assert!(no_tun(io::Error::from_raw_os_error(2)).to_string().contains("modprobe tun"));
}
