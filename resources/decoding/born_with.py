"""What workers are born with: the process that they are forked from imports this, so the decoders are loaded once.

Nobody else imports it; pool.py names it. Elsewhere the decoding libraries are loaded only by those who use them.
"""

from resources.decoding.worker import set_up_environment

set_up_environment()  # the libraries read it as they are loaded

import resources.decoding.steps  # noqa: E402, F401
