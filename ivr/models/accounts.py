"""The tables of log-ins and of reading."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import AccountChange, LinkPurpose, Role
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of


class LogIn(Base):
    """Somebody is logged in with a browser; the cookie holds a random token, this its SHA-256."""

    __tablename__ = "log_ins"
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Where from, as far as the network says.
    address: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(index=True)
    #: When the person last did something; a page that refreshes itself does not count.
    used_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined")


class LogInDelay(Base):
    """Failed log-ins of a name or an address (as a keyed hash): how many, and until when none is tried."""

    __tablename__ = "log_in_delays"
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(index=True)
    until_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code for a user who has lost the second factor; used once, kept as a keyed hash."""

    __tablename__ = "recovery_codes"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[datetime]


class SecurityKey(Base):
    """A security key or passkey (WebAuthn) as a second factor."""

    __tablename__ = "security_keys"
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    #: Base64url.
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


team_members = Table(
    "team_members",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)


#: Teams a supervisor answers for; who supervises is not rung for them.
team_supervisors = Table(
    "team_supervisors",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)


class Team(Base):
    """A team (Team) that answers calls and works callback tasks; mirrors the configuration."""

    __tablename__ = "teams"
    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    members: Mapped[list[User]] = relationship(secondary=team_members, back_populates="teams", order_by="User.id")


class User(Base):
    """A person who has a log-in; what each role may do stands in :mod:`ivr.domain.permissions`."""

    __tablename__ = "users"
    __table_args__ = (one_of("role", *Role),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[Role] = mapped_column(Enumerated(Role, 20))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Made by local mode for trying; worth nothing in production.
    demo: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Who has set the password, if it was somebody else: it must be changed before anything is done with it.
    password_set_by: Mapped[str | None] = mapped_column(String(120))
    password_set_at: Mapped[datetime | None]
    #: Where a link for a forgotten password is sent; lower case.
    email: Mapped[str | None] = mapped_column(String(254), index=True, unique=True)
    #: Number and PIN by which a member is known on the telephone.
    personal_number: Mapped[str | None] = mapped_column(String(8), unique=True)
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    #: Who the single sign-on says they are (issuer and subject).
    sso_subject: Mapped[str | None] = mapped_column(String(400), unique=True)
    #: Secret of the authenticator app (TOTP), wrapped by a master key; counts once it was confirmed.
    totp_secret: Mapped[str | None] = mapped_column(String(300))
    totp_confirmed_at: Mapped[datetime | None]
    #: The last time step whose code was used: none is taken twice.
    totp_step: Mapped[int | None]
    #: Chosen for all browsers: whether new emergencies are sounded and shown, and whether single letters are keys.
    alerts: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    single_keys: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    teams: Mapped[list[Team]] = relationship(
        secondary=team_members, back_populates="members", lazy="selectin", order_by="Team.id"
    )
    supervised: Mapped[list[Team]] = relationship(secondary=team_supervisors, lazy="selectin", order_by="Team.id")

    @property
    def scope(self) -> list[Team]:
        """The teams whose tasks are this person's business, by name."""
        found = {
            "member": self.teams,
            "supervisor": [*self.teams, *self.supervised],
        }.get(self.role, [])
        return sorted({team.id: team for team in found}.values(), key=lambda team: team.name)

    @property
    def scope_ids(self) -> list[int]:
        """The ids of these teams: who is logged in was read before, so that a team read now is another object."""
        return [team.id for team in self.scope]


class StaffTelephone(Base):
    """A telephone from which members log in with personal number and PIN alone: one person's, or everybody's."""

    __tablename__ = "staff_telephones"
    __table_args__ = (UniqueConstraint("number", "user_id"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: E.164, or the beginning of a block of numbers with a `*` behind it.
    number: Mapped[str] = mapped_column(String(32), index=True)
    #: Whose it is; everybody's where it is None.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: Where it stands.
    place: Mapped[str] = mapped_column(String(120), default="")
    added_at: Mapped[datetime]
    user: Mapped[User | None] = relationship()


class ApiToken(Base):
    """A bearer token for /api/v1; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: What it opens, see ivr.accounts.users.SCOPES.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: Made in local mode for trying; worth nothing in production.
    demo: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class AccountNotice(Base):
    """What somebody is told about their own log-in: what was changed by whom."""

    __tablename__ = "account_notices"
    __table_args__ = (one_of("change", *AccountChange),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    change: Mapped[AccountChange] = mapped_column(Enumerated(AccountChange, 40))
    by_name: Mapped[str] = mapped_column(String(120))
    #: When the person said that they have read it.
    seen_at: Mapped[datetime | None]


class SecondFactorReset(Base):
    """An administrator asks that somebody's second factors are removed; another one confirms it, or does not."""

    __tablename__ = "second_factor_resets"
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    decided_at: Mapped[datetime | None]
    confirmed: Mapped[bool] = mapped_column(Boolean, default=False)
    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined")
    asked_by: Mapped[User] = relationship(foreign_keys=[asked_by_id], lazy="joined")


class AccountLink(Base):
    """A link with which somebody chooses a password, once: an invitation, or because it was forgotten."""

    __tablename__ = "account_links"
    __table_args__ = (one_of("purpose", *LinkPurpose),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: None: an address was given that is nobody's.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(Enumerated(LinkPurpose, 20))
    #: SHA-256 of the token in the link; None until the e-mail is written.
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    #: Until when it can be used; it is moved to the present when the link was used, or another one was made.
    expires_at: Mapped[datetime]
    user: Mapped[User | None] = relationship(lazy="joined")


class CalendarFeed(Base):
    """The address from which somebody's calendar program reads the appointments of their teams."""

    __tablename__ = "calendar_feeds"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    #: SHA-256 of the token in the address.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]


class KeptForm(Base):
    """What somebody has typed into a form that arrived after their log-in had ended, sealed."""

    __tablename__ = "kept_forms"
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: The address that the form is sent to.
    path: Mapped[str] = mapped_column(String(500))
    #: Its fields and the page that it was on.
    sealed: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(index=True)
