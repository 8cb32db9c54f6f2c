"""What the version before derivations by purpose (version 0) has written, as literal values.

They were made by its own code: a change of how they are read makes tests fail.
"""

from __future__ import annotations

#: The secret key they were made with.
FORMER_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f000112233445566778899aabbccddeeff"
#: A call in the step `consent`.
CALL_STATE = (
    "gAAAAABrCPbxxpp4s3xuI9jCR12VMX_2vIXeHOU6wwRmkWVJ7-V2lnXMoZh4eFj_N9favDprW8eTd31MO3dvYdZs1UVGjVJaiwPhRm8SphUHRIgh"
    "ZdAVGF-FWhbAw7djtUHPdIAVVwsFHsF-BnUtPIRWp_dEMAdZCg=="
)
#: `["turn", {"a": 1}]`
SPOOL_ENTRY = (
    "gAAAAABrCPbosWOhoYofWU7eO7i30xzSo0Mk_6HtIsFPeiyjs8j4OL9Uitz1fmWmVhtSgnaDdhc84O9rpgwFLsvVag0YRLSrzbe3JX_54kE-T4Wz"
    "aPdAxJ0="
)
#: User 7.
STAFF_TOKEN = "Nw.awj28Q.2KV2LQFtzJrUbzI2uS0I9tJxPU0"
#: `{"language": "en", "_user_id": "abc"}`
SESSION_COOKIE = "eyJsYW5ndWFnZSI6ImVuIiwiX3VzZXJfaWQiOiJhYmMifQ.awj28Q.3k09Bq8zca0ikG2IMTzB8tvIln4"
#: `Özlem 0421`
SEARCH_WORDS = "~VaiFNKgkUhwzATi00kMIRc_aR1Oa8khWwhT0"
#: Keyed hashes of `+4942112345` by purpose.
HASHES = {
    "known callers": "7bd3b45caf7d55bec23ee4ca1c6189a9ec8eee6c8b6f8d508653029a36464bec",
    "deleted": "ad7950c1129d51c641e7946fb83c091db2093bac150d32b49707afbd7865b93e",
    "log-ins": "211fc37b3c58b5c5b141427664a2b3c2ffe8b8baca72d588743a942e3ad704ea",
    "password": "83196fc4d440a720dd3a04ea37a56e83c1fec4307948310dd69b26c4e3d7a2f2",
    "search log": "b8f3a10c1191fef0be991bc837c7d48e26db51e05f1803b98c3e0ea5f633335e",
    "limits": "265e05313bc8f956e160ce9206371aa0d3946b9c2ff160b89008860e57ad57f4",
    "recovery codes": "956779554ea99a78e58276f30808a51a8f4c33901d9c6ae74fd926c11c4601cc",
    "trimmed": "28fe9ba54346895abfcb72b895ea18093849c0ae3836a906f5c660752428fdad",
    "erased": "116f405c64eebfbb4bb7a51e7e6959d612e6bd9229fe20166d8b21923280932e",
}
#: An anchor of the access log.
ANCHOR = {
    "number": 7, "hash": "ab", "at": "2026-01-01T00:00:00Z",
    "key": "829b05afdc7f8bd2ddd507cd8de071db80f79a3b1c3155f02e17d11e87968ef2",
    "seal": "3a52bdc2b3fc375a53d58c614b49183b5c4d85b0a73c31a7e9eb3a7dd4c0bde6d42c575ea05baca36d7aca0da04de6832b45626"
    "01314b690fc8b9b0808df3305",
}  # fmt: skip
