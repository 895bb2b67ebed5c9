"""What the server of forks does once, so that none of its processes need do it: see `tests.forked`.

Comes in: nothing. Goes out: the compiled templates of mails, and the library that migrates databases. Refuses to know:
who sends and migrates.
"""

from __future__ import annotations

import alembic.command
import alembic.config
import alembic.context  # noqa: F401 - see above

from service.bootstrap import environment
from service.messages import Renderer
from service.model import Identity

Renderer(environment(), Identity())
