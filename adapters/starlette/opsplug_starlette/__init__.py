"""opsplug for Starlette and FastAPI: `app.add_middleware(OpsPlugMiddleware)`."""

from opsplug_starlette.middleware import OpsPlugMiddleware, context, current_engine

__all__ = ["OpsPlugMiddleware", "context", "current_engine"]
