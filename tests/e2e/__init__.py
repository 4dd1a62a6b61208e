"""End-to-end tests: the stack on a real tap, the Linux kernel as its peer, in network namespaces of the tests' own."""
