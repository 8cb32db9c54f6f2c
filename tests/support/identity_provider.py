"""A real OpenID Connect provider (Canaille) with three people, for the tests of single sign-on.

python -m tests.support.identity_provider PORT REDIRECT_URI
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

PASSWORD = "correct horse battery"
PEOPLE = {
    "sina": ("Sina", "Sommer", "hotline-leitung"),
    "kim": ("Kim", "Keller", "hotline-benefits"),
    "otto": ("Otto", "Ohne", "kantine"),
}


def main(port: int, redirect_uri: str) -> None:
    key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"}, auto_kid=False)
    app = create_app(
        config={
            "SECRET_KEY": "x" * 32,
            "SERVER_NAME": f"localhost:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["localhost"], "ACTIVE_JWKS": [key.as_dict(private=True)]},
        }
    )
    with app.app_context():
        for name, (given, family, group) in PEOPLE.items():
            user = models.User(
                user_name=name, given_name=given, family_name=family, formatted_name=f"{given} {family}",
                display_name=name, emails=[f"{name}@example.org"], password=PASSWORD,
            )  # fmt: skip
            Backend.instance.save(user)
            Backend.instance.save(models.Group(members=[user], display_name=group))
        client = models.Client(
            client_id="hotline", client_name="Hotline", client_secret="s" * 32, client_uri="http://localhost",
            redirect_uris=[redirect_uri], scope=["openid", "profile", "email", "groups"],
            grant_types=["authorization_code"], response_types=["code"],
            token_endpoint_auth_method="client_secret_basic", client_id_issued_at=datetime.now(UTC),
        )  # fmt: skip
        Backend.instance.save(client)
    make_server("localhost", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
