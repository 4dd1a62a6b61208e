"""`python -m tapip_rs` is `tapip`."""

import sys

from tapip_rs.cli import main

sys.exit(main())
