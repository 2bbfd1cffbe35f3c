"""The service: recommendations over HTTP and on a page, and feedback on them.

`python -m recsys serve` runs it; `recsys.serving.app.create_app` makes the application for another server.
"""

from recsys.serving.settings import Settings

__all__ = ["Settings"]
