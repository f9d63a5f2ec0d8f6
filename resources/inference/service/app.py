"""The service's routes: HTTP in, calls of serving.py, HTTP out.

Each route is a few lines; what must hold before a body is read is the gate's, what is computed is the engine's.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from resources.inference.pictures import content_key
from resources.inference.service.merging import QueueFull
from resources.inference.service.messages import (
    Accepted,
    Health,
    Models,
    PictureAnswers,
    TextAnswers,
    Texts,
    picture_result,
    text_result,
)
from resources.inference.service.serving import Asked, Serving
from resources.web.access import Access
from resources.web.gate import Gate
from resources.web.metrics import CONTENT_TYPE

Answer = TypeVar("Answer")

_LOG = logging.getLogger("uvicorn.error")
_LOADING_S = 2  # how soon to ask again while the models load
_SAYS = "Embeds and captions JPEG and PNG pictures, and embeds texts. Answer i belongs to question i."
Flag = Annotated[bool, Query()]


def build_app(serving: Serving, access: Access) -> FastAPI:
    """The application, for those who have access."""
    # Declared so that /docs offers to send a token; the gate is what checks it.
    bearer = [Depends(HTTPBearer(auto_error=False))] if access.token else []
    app = FastAPI(title="Photo inference", description=_SAYS, lifespan=_closing(serving), dependencies=bearer)
    app.add_exception_handler(RequestValidationError, _unreadable)
    _add_models(app, serving)
    _add_operations(app, serving)
    app.add_middleware(Gate, limits=serving.limits, access=access, count=serving.metrics.request)
    return app


def _add_models(app: FastAPI, serving: Serving) -> None:
    @app.post("/batch_embed_and_caption")
    async def batch_embed_and_caption(
        request: Request, files: list[UploadFile], embed: Flag = True, caption: Flag = True
    ) -> PictureAnswers:
        """Embed and caption JPEG or PNG files. A file that fails has its failure in its place."""
        models = _ready(serving)
        _check_count(len(files), serving.limits.files, "files")
        pictures = [await file.read() for file in files]
        answers = await _answered(request, serving, lambda: serving.infer(pictures, Asked(embed, caption)))
        serving.metrics.answers(answers)
        keys = map(content_key, pictures)
        results = [picture_result(key, answer) for key, answer in zip(keys, answers, strict=True)]
        return PictureAnswers(models=models, results=results)

    @app.post("/embed_text")
    async def embed_text(request: Request, asked: Texts) -> TextAnswers:
        """Embed texts, so that they can be compared with the pictures' vectors."""
        models = _ready(serving)
        _check_count(len(asked.texts), serving.limits.texts, "texts")
        answers = await _answered(request, serving, lambda: serving.embed_texts(asked.texts))
        keys = (content_key(text.encode(errors="surrogatepass")) for text in asked.texts)
        return TextAnswers(models=models, results=[text_result(*each) for each in zip(keys, answers, strict=True)])


def _add_operations(app: FastAPI, serving: Serving) -> None:
    @app.get("/health", responses={503: {"model": Health, "description": "The models are being loaded."}})
    async def health(response: Response) -> Health:
        """Whether the service is ready, which models it has, what it accepts, and how its work goes."""
        if serving.models is None:
            response.status_code, response.headers["Retry-After"] = 503, str(_LOADING_S)
        limits = serving.limits
        return Health(
            status="ready" if serving.models else "loading",
            models=serving.models,
            accepted=Accepted(**{name: getattr(limits, name) for name in Accepted.model_fields}),
            waiting=serving.waiting(),
            measures=serving.measures() if serving.models else {},
        )

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus' counters."""
        return Response(serving.metrics.text(), media_type=CONTENT_TYPE)


async def _unreadable(_: Request, error: Exception) -> JSONResponse:
    """What is wrong and where, without the wrong bytes themselves, which need not be text."""
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": [{"where": each["loc"], "what": each["msg"]} for each in error.errors()]}, 422)


def _ready(serving: Serving) -> Models:
    if serving.models is None:
        raise HTTPException(503, "the models are being loaded", {"Retry-After": str(_LOADING_S)})
    return serving.models


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise HTTPException(413, f"{count} {what} where {most} are allowed; send several requests")


async def _answered(request: Request, serving: Serving, submit: Callable[[], Future[list[Answer]]]) -> list[Answer]:
    """The answers, unless the queue is full, the client goes away or the time is over; then the work is taken back."""
    try:
        answers = asyncio.wrap_future(submit())
    except QueueFull as full:
        told = {"Retry-After": str(full.retry_after_s)}
        raise HTTPException(503, "the queue is full; try again after a while", told) from None
    gone = asyncio.ensure_future(_gone(request))
    ends: set[asyncio.Future[Any]] = {answers, gone}
    try:
        await asyncio.wait(ends, timeout=serving.limits.answer_s, return_when=asyncio.FIRST_COMPLETED)
        if answers.done():
            return _result(answers)
        # Nobody reads the first; proxies note it for a client that went away.
        raise HTTPException(499 if gone.done() else 504, "no answer in time; try again when there is less to do")
    finally:
        gone.cancel()
        answers.cancel()


def _result(answers: asyncio.Future[list[Answer]]) -> list[Answer]:
    try:
        return answers.result()
    except Exception as error:  # whatever an engine raises; that of one picture is in its place instead
        _LOG.exception("the models failed")
        raise HTTPException(500, f"the models failed: {error}") from error


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _closing(serving: Serving) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(serving.close)

    return lifespan
