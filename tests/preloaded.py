"""What the server of forks does once, so that none of its processes need do it: see `tests.forked`.

Comes in: nothing. Goes out: the compiled templates of mails and pages, and the library that migrates databases. Refuses
to know: who sends, shows and migrates.
"""

from __future__ import annotations

import alembic.command
import alembic.config
import alembic.context  # noqa: F401 - see above

from service.bootstrap import environment
from service.messages import Renderer
from service.model import Identity
from service.web.pages import prepared

_TEMPLATES = environment()
Renderer(_TEMPLATES, Identity())
_PAGES = prepared(_TEMPLATES, Identity())
for _name in _PAGES.list_templates(filter_func=lambda name: name.startswith("web/")):
    _PAGES.get_template(_name)
