"""Settings: one frozen value, from several places, with everything that is wrong said at once and no secret shown."""

from __future__ import annotations

import os
import pickle
import pwd
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.errors import SettingsError
from service.settings import Settings, described, load
from service.settings.fields import NAMES

KEY = "a key of the house, long enough"
PUBLIC = {
    "PAPERROUND_BASE_URL": "https://papers.example.org",
    "PAPERROUND_SECRET_KEYS": "0123456789abcdef,fedcba9876543210",
    "PAPERROUND_SUPPRESSION_KEY": "abcdefghijklmnop",
}


def loaded(tmp_path: Path, **variables: str) -> Settings:
    return load({"PAPERROUND_DATA_DIR": str(tmp_path), **named(variables)})


def refusal(tmp_path: Path, **variables: str) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, **variables)
    return str(error.value)


def named(variables: dict[str, str]) -> dict[str, str]:
    return {f"PAPERROUND_{name.upper()}": text for name, text in variables.items()}


def test_an_empty_environment_serves_this_machine_alone(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert not settings.production
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.broker_url == "memory://"
    assert settings.database_url == f"sqlite:///{tmp_path}/paperround.sqlite3"
    assert settings.smtp_url == ()
    assert settings.sources == ("https://huggingface.co/papers",)
    assert settings.allowed_networks == ("127.0.0.0/8", "::1/128")
    assert (settings.signup, settings.max_papers, settings.sqlite_synchronous) == ("open", 10, "normal")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8080"),
        ("127.0.0.2", "http://127.0.0.2:8080"),
        ("localhost", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://127.0.0.1:8080"),
        ("192.0.2.1", "http://127.0.0.1:8080"),
    ],
)
def test_links_lead_to_where_this_machine_alone_is_listened_to(tmp_path: Path, host: str, url: str) -> None:
    settings = loaded(tmp_path, host=host)
    assert settings.base_url == url
    assert not settings.production


def test_the_data_folder_follows_the_xdg_rules(tmp_path: Path) -> None:
    settings = load({"XDG_DATA_HOME": str(tmp_path)})
    assert settings.data_dir == tmp_path / "paperround"
    public = load({**PUBLIC, "XDG_DATA_HOME": "not/absolute"})
    assert public.data_dir == Path.home() / ".local/share/paperround"


def test_the_data_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({"PAPERROUND_DATA_DIR": "data"}).data_dir == tmp_path / "data"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.max_papers = 5


def test_lists_are_parted_by_commas_and_blanks(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        smtp_url="smtp+starttls://one.example.org:587, smtps://two.example.org\n smtp://three.example.org",
        secret_keys="0123456789abcdef fedcba9876543210",
        suppression_key=KEY,
    )
    assert len(settings.smtp_url) == 3
    assert settings.secret_keys == ("0123456789abcdef", "fedcba9876543210")
    assert settings.production


def test_the_environment_goes_before_the_env_file_and_options_before_both(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('PAPERROUND_SERVICE_NAME="From file"\nPAPERROUND_MAX_PAPERS=7\nPAPERROUND_PORT=1\nOTHER=x\n')
    environ = {"PAPERROUND_DATA_DIR": str(tmp_path), "PAPERROUND_MAX_PAPERS": "8", "PAPERROUND_PORT": "2"}
    settings = load(environ, env_file, port=9000, host=None)
    assert (settings.service_name, settings.max_papers, settings.port) == ("From file", 8, 9000)
    assert settings.base_url == "http://127.0.0.1:9000"
    origins = {row.name.removeprefix("PAPERROUND_"): row.source for row in described(settings)}
    assert origins["SERVICE_NAME"] == ".env"
    assert origins["MAX_PAPERS"] == "environment"
    assert origins["PORT"] == "option"
    assert origins["HOST"] == "default"
    assert origins["SECRET_KEYS"] == "made"


def test_the_env_file_of_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    Path(".env").write_text("PAPERROUND_CONTACT=help@example.org\n")
    assert load().contact == "help@example.org"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("0123456789abcdef\nfedcba9876543210\n")
    settings = loaded(tmp_path, secret_keys_file=str(file))
    assert settings.secret_keys == ("0123456789abcdef", "fedcba9876543210")
    assert ("PAPERROUND_SECRET_KEYS", "(hidden)", "file") in described(settings)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    missing = refusal(tmp_path, smtp_url_file=str(tmp_path / "nowhere"))
    assert "PAPERROUND_SMTP_URL_FILE names a file that cannot be read" in missing
    assert "No such file" in missing
    assert "names an empty file" in refusal(tmp_path, secret_keys_file=str(tmp_path / "empty"))
    assert "it is no text" in refusal(tmp_path, secret_keys_file=str(tmp_path / "binary"))


def test_a_working_folder_that_is_closed_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    known = os.geteuid()
    if known == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        with pytest.raises(SettingsError, match=r"\.env cannot be read \(Permission denied\)"):
            load({}, closed / ".env", data_dir=str(tmp_path))
    finally:
        os.seteuid(known)


def test_a_setting_and_its_file_may_not_both_be_given(tmp_path: Path) -> None:
    said = refusal(tmp_path, secret_keys="0123456789abcdef", secret_keys_file="keys")
    assert said == "PAPERROUND_SECRET_KEYS_FILE and PAPERROUND_SECRET_KEYS are both set; keep one of them."


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        signup="opne",
        port="8o",
        database_url="mysql://root@db/papers",
        base_url="papers.example.org",
        smtp_url="mail.example.org",
        max_papers="0",
        secret_key="0123456789abcdef",
    )
    assert said.startswith("9 settings are wrong:\n")
    assert "PAPERROUND_SIGNUP is 'opne': write open, invite, closed, or mail domains" in said
    assert "Did you mean open?" in said
    assert "PAPERROUND_PORT is '8o': write a whole number from 1 to 65535." in said
    assert "mysql is not a database this service knows; write sqlite:///FILE or postgresql://" in said
    assert "PAPERROUND_BASE_URL is 'papers.example.org': write a URL such as" in said
    assert "PAPERROUND_SMTP_URL: write a URL such as smtp+starttls://" in said
    assert "PAPERROUND_MAX_PAPERS is '0': write a whole number from 1 to 100." in said
    assert "PAPERROUND_SECRET_KEY is not a setting of this service. Did you mean PAPERROUND_SECRET_KEYS?" in said
    assert "PAPERROUND_SECRET_KEYS is missing, and PAPERROUND_SMTP_URL is set" in said
    assert "PAPERROUND_SUPPRESSION_KEY is missing" in said


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("data_dir", "imprint", "privacy")])
def test_a_text_that_makes_no_sense_names_its_setting(tmp_path: Path, name: str) -> None:
    assert f"PAPERROUND_{name.upper()}" in refusal(tmp_path, **{name: "\0 ?"})


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("database_url", "papers.db", "it is no URL; write sqlite:///FILE"),
        ("database_url", "sqlite://papers.db", "a file needs three slashes"),
        ("database_url", "sqlite:///", "it names no file, so nothing would be kept"),
        ("database_url", "sqlite:///:memory:", "it names no file, so nothing would be kept"),
        ("database_url", "postgresql://", "write a URL such as postgresql://"),
        ("database_url", "postgresql://me:wo/rd@db/papers", "in a password, / is written %2F"),
        ("smtp_url", "smtps://me:w#rd@mail.example.org", "# %23, @ %40, a comma %2C"),
        ("smtp_url", "smtps://me:w,rd@mail.example.org", "# %23, @ %40, a comma %2C"),
        ("database_url", "postgresql://me:wo@rd@db/papers", "an @ in the name or the password is written %40"),
        ("broker_url", "amqp://localhost", "memory:// or redis://"),
        ("broker_url", "redis://localhost/papers", "the number of a database"),
        ("mail_from", "Paper Round <digest@example.org>", "bare mail address"),
        ("mail_from", "a..b@example.org", "bare mail address"),
        ("reply_to", "jörg@example.org", "plain letters before the @"),
        ("bounce_address", "what-comes-back-from-readers@example.org", "24 letters"),
        ("keep_days", "31", "write a whole number from 62 to 36500"),
        ("base_url", "https://papers.example.org/?a=b", "only scheme, host and path"),
        ("base_url", "https://example.org/papers/", "a host name of their own"),
        ("base_url", "https://", "write a URL"),
        ("base_url", "https://[::1", "write a URL"),
        ("base_url", "http://127.0.0.1:99999", "write a URL"),
        ("allowed_networks", "10.0.0.0/8, tenfold", "tenfold is no network"),
        ("proxy", "socks5://proxy", "write a URL such as http://proxy.example.org:3128"),
        ("proxy", "http://proxy/path", "write a URL such as http://proxy.example.org:3128"),
        ("sqlite_synchronous", "ful", "write normal or full. Did you mean full?"),
        ("log_level", "warn", "Did you mean warning?"),
        ("collect_interval", "soon", "such as 90s, 30m or 2h"),
        ("collect_interval", "0", "such as 90s, 30m or 2h"),
        ("secret_keys", "short", "too short to be a secret"),
        ("suppression_key", "short", "too short to be a secret"),
        ("signup", "example", "mail domains such as"),
        ("limit_network", "300/hour", "300 per 10 minutes"),
        ("limit_everybody", "0 per day", "300 per 10 minutes"),
        ("invitations", "long-enough, short", "at least 8 characters"),
        ("user_agent", "Bücherwurm", "letters of ASCII"),
        ("base_url", "https://bücher..example", "its host name cannot exist"),
        ("trusted_proxies", "proxy.example", "proxy.example is no network"),
        ("service_name", "two\nlines", "write it on one line"),
        ("spread", "25h", "of one day at most"),
        ("arxiv_api", "off", "such as https://export.arxiv.org/api/query, or none"),
        ("sources", "huggingface.co/papers", "write a URL such as https://"),
        ("sources", "cs.LG cs.tea1", "write a URL such as https://"),
        ("sources", "https://me:secret@a.example/f", "the address of a.example carries a name or password"),
    ],
)
def test_each_wrong_text_comes_with_its_mend(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    said = refusal(tmp_path, **{name: text})
    assert sentence in said
    assert f"PAPERROUND_{name.upper()}" in said
    assert "secret@" not in said, "a password in a URL is not shown with it"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("base_url", "http://localhost:8080/", "http://localhost:8080"),
        ("base_url", "HTTP://Bücher.localhost:8443", "http://xn--bcher-kva.localhost:8443"),
        ("base_url", "http://[::1]:8080", "http://[::1]:8080"),
        ("trusted_proxies", "127.0.0.1 10.0.0.7/8, fd00::/8", "127.0.0.1,10.0.0.0/8,fd00::/8"),
        ("trusted_proxies", "*", "*"),
        ("trusted_proxies", "none", ""),
        ("spread", "0", 0),
        ("spread", "1d", 86_400),
        ("sources", "cs.lg, hep-th", ("https://rss.arxiv.org/rss/cs.LG", "https://rss.arxiv.org/rss/hep-th")),
        (
            "sources",
            "https://a.example/f stat.ML+cs.CL",
            ("https://a.example/f", "https://rss.arxiv.org/rss/stat.ML+cs.CL"),
        ),
        ("signup", "CLOSED", "closed"),
        ("signup", "xn--bcher-kva.example", "bücher.example"),
        ("limit_network", "5 per  hour; 9 per 2 days", "5 per hour; 9 per 2 days"),
        ("limit_everybody", "none", ""),
        ("signup", "@Example.org, bücher.example.de", "example.org, bücher.example.de"),
        ("allowed_networks", "10.1.2.3 fd00::/8", ("10.1.2.3/32", "fd00::/8")),
        ("allowed_networks", "none", ()),
        ("proxy", "http://me:pw@proxy.example:3128/", "http://me:pw@proxy.example:3128"),
        ("proxy", "none", ""),
        ("database_url", "postgres://u:p@db/papers", "postgresql://u:p@db/papers"),
        ("database_url", "postgresql+psycopg://u:p@db/papers", "postgresql://u:p@db/papers"),
        ("database_url", "postgresql:///papers?host=/run/postgresql", "postgresql:///papers?host=/run/postgresql"),
        ("broker_url", "rediss://:pw@cache:6379/1", "rediss://:pw@cache:6379/1"),
        ("broker_url", "redis://cache:6379/1/", "redis://cache:6379/1"),
        ("broker_url", "memory", "memory://"),
        ("unsubscribe_mailto", "mailto:leave@example.org", "leave@example.org"),
        ("unsubscribe_mailto", "mailto:", ""),
        ("bounce_address", "bounces@papers.example.org", "bounces@papers.example.org"),
        ("collect_interval", "30m", 1800),
        ("send_interval", "45", 45),
        ("log_level", "DEBUG", "debug"),
        ("sqlite_synchronous", "Full", "full"),
    ],
)
def test_a_text_becomes_its_value(tmp_path: Path, name: str, text: str, value: object) -> None:
    assert getattr(loaded(tmp_path, **{name: text}), name) == value


def test_the_domains_of_sign_up_are_told_apart_from_its_modes(tmp_path: Path) -> None:
    assert loaded(tmp_path, signup="example.org lab.example.edu").signup_domains == ("example.org", "lab.example.edu")
    assert loaded(tmp_path, signup="invite").signup_domains == ()


@pytest.mark.parametrize("variables", [{"base_url": "https://papers.example.org"}, {"smtp_url": "smtp://localhost"}])
def test_a_service_for_others_must_be_given_every_secret(tmp_path: Path, variables: dict[str, str]) -> None:
    said = refusal(tmp_path, **variables)
    assert "PAPERROUND_SECRET_KEYS is missing" in said
    assert "PAPERROUND_SUPPRESSION_KEY is missing" in said
    assert not (tmp_path / "secret").exists()
    one = refusal(tmp_path, secret_keys="0123456789abcdef", **variables)
    assert one.startswith("PAPERROUND_SUPPRESSION_KEY is missing, and ")


def test_a_service_for_others_makes_no_secret_and_trusts_no_private_network(tmp_path: Path) -> None:
    settings = load({**PUBLIC, "PAPERROUND_DATA_DIR": str(tmp_path)})
    assert settings.production
    assert settings.allowed_networks == ()
    assert settings.mail_from == "digest@papers.example.org"
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    first, second = loaded(data), loaded(data)
    assert first.secret_keys == second.secret_keys
    assert first.suppression_key == second.suppression_key != first.secret_keys[0]
    assert stat.S_IMODE((data / "secret").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["secret"]


def test_made_secrets_can_be_moved_into_an_env_file(tmp_path: Path) -> None:
    made = loaded(tmp_path)
    public = load({"PAPERROUND_BASE_URL": "https://papers.example.org"}, tmp_path / "secret")
    assert (public.secret_keys, public.suppression_key) == (made.secret_keys, made.suppression_key)


def test_processes_that_start_at_once_share_their_secrets(tmp_path: Path) -> None:
    for attempt in range(20):
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda folder: loaded(folder).secret_keys, [tmp_path / str(attempt)] * 8))
        assert len(found) == 1


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(tmp_path / "file" / "data")
    assert str(tmp_path / "file" / "data") in said
    assert "Set PAPERROUND_DATA_DIR to a folder that can be written to" in said


def test_a_damaged_secret_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("PAPERROUND_SECRET_KEYS=0123456789abcdef\n")
    assert "is damaged" in refusal(tmp_path)
    assert (tmp_path / "secret").read_text() == "PAPERROUND_SECRET_KEYS=0123456789abcdef\n"


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        secret_keys="hidden-key-0123456789",
        invitations="hidden-code",
        suppression_key="hidden-suppression",
        smtp_url="smtp://user:hidden-word@mail.example.org",
        database_url="postgresql://user:hidden-word@db/papers?sslpassword=hidden-word",
        broker_url="redis://:hidden-word@cache/0",
    )
    shown = repr(settings) + str(settings) + "".join(map(str, described(settings)))
    assert "hidden-" not in shown
    assert "smtp://user:***@mail.example.org" in shown
    assert "redis://:***@cache/0" in shown


@pytest.mark.parametrize("name", ["secret_keys", "suppression_key", "smtp_url", "database_url", "broker_url"])
def test_a_refusal_shows_no_secret(tmp_path: Path, name: str) -> None:
    assert "hidden" not in refusal(tmp_path, **{name: "x://hidden@"})


def test_every_setting_is_described_once(tmp_path: Path) -> None:
    rows = described(loaded(tmp_path))
    assert [row.name for row in rows] == [f"PAPERROUND_{name.upper()}" for name in NAMES]
    assert all(field.description for field in Settings.model_fields.values())


def test_settings_travel_to_other_processes(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_empty_and_foreign_variables_are_passed_over(tmp_path: Path) -> None:
    settings = load(
        {"PAPERROUND_DATA_DIR": str(tmp_path), "PAPERROUND_SMTP_URL": " ", "PAPER": "x", "PAPERROUND_TEST_X": "x"}
    )
    assert settings.smtp_url == ()


@given(st.sampled_from(NAMES), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_text_raises_anything_but_a_settings_error(name: str, text: str) -> None:
    try:
        said = [row.name for row in described(load({**PUBLIC, f"PAPERROUND_{name.upper()}": text}))]
    except SettingsError as error:
        said = [str(error)]
    assert f"PAPERROUND_{name.upper()}" in " ".join(said)


def test_the_process_environment_is_read_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("PAPERROUND_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PAPERROUND_SERVICE_NAME", "Morning Papers")
    assert load().service_name == "Morning Papers"
