"""The softphone (local mode only): its page; and the way through to the exchange behind this process."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request

from ivr.config.settings import settings

softphone = Blueprint("softphone", __name__, url_prefix="/softphone")


@softphone.get("/")
def page() -> str:
    """A telephone in the browser."""
    return render_template("softphone.html", hotline_number=settings().hotline_number)


@softphone.route("/exchange/<path:path>", methods=["GET", "POST"])
def exchange(path: str) -> Response:
    """Pass a handset's request on."""
    return passed_on(f"softphone/{path}", {})


def passed_on(path: str, headers: Mapping[str, str]) -> Response:
    """Pass the present request on to the exchange, which listens on this machine only."""
    import requests

    if ".." in path:
        return Response(status=404)
    try:
        answer = requests.request(
            request.method,
            f"{settings().exchange_url}/{path}",
            params=list(request.args.items(multi=True)),
            data=request.get_data(),
            headers={"Content-Type": request.headers.get("Content-Type", "application/octet-stream"), **headers},
            timeout=30,
            allow_redirects=False,
        )
    except requests.RequestException:
        return Response("the exchange does not answer", 502)
    return Response(answer.content, answer.status_code, content_type=answer.headers.get("Content-Type"))
