"""The configuration as the doctor reads it: with the secrets that the service has, and never showing them."""

import os
from pathlib import Path

from edgevision.config.config import Config
from edgevision.config.tags import CREDENTIALS
from edgevision.doctor.configuration import look_at_configuration
from edgevision.doctor.finding import Finding, divided
from edgevision.doctor.machine import Machine
from edgevision.doctor.user import User, user_in_question
from tests.doctor.cases import NOBODY, PICTURES

CAMERAS = f"cameras: {{p: {{source: {{type: images, path: {PICTURES}}}}}}}\n"
TEXT = "mqtt: {username: vision, password: !credential edgevision_mqtt}\n" + CAMERAS


def read(folder: Path, text: str, user: User | None = None, **environ: str) -> tuple[Config | None, list[Finding]]:
    path = folder / "edgevision.yaml"
    path.write_text(text)
    return look_at_configuration(path, Machine(folder / "machine"), user or user_in_question(None), environ)


def password(config: Config | None) -> str:
    assert config is not None
    assert config.settings.mqtt.password is not None
    return config.settings.mqtt.password.get_secret_value()


def test_credentials_are_found_where_the_unit_has_them(tmp_path: Path) -> None:
    config, findings = read(tmp_path, TEXT)
    assert config is None
    assert findings[0].wrong_configuration
    folder = tmp_path / "machine" / CREDENTIALS.relative_to("/")
    folder.mkdir(parents=True)
    (folder / "mqtt").write_text("from-the-file\n")
    config, findings = read(tmp_path, TEXT)
    assert password(config) == "from-the-file"
    assert [finding.status for finding in findings] == ["ok"]
    assert "from-the-file" not in str(findings)


def test_a_credential_is_what_the_service_will_have_when_it_is_started_again(tmp_path: Path) -> None:
    running = tmp_path / "run"
    running.mkdir()
    (running / "edgevision_mqtt").write_text("old")
    assert password(read(tmp_path, TEXT, CREDENTIALS_DIRECTORY=str(running))[0]) == "old"
    folder = tmp_path / "machine" / CREDENTIALS.relative_to("/")
    folder.mkdir(parents=True)
    (folder / "other").write_text("x")
    assert password(read(tmp_path, TEXT, CREDENTIALS_DIRECTORY=str(running))[0]) == "old"
    (folder / "mqtt").write_text("new")
    assert password(read(tmp_path, TEXT, CREDENTIALS_DIRECTORY=str(running))[0]) == "new"


def test_every_mistake_is_a_finding_with_its_place(tmp_path: Path) -> None:
    config, findings = read(tmp_path, "mqtt: {port: 0}\ncameras: {front: {sauce: {}}}\n")
    assert config is None
    assert len(findings) >= 2
    assert all(finding.wrong_configuration and finding.remedy for finding in findings)
    assert f"{tmp_path}/edgevision.yaml:1:14: mqtt.port" in findings[0].text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    config, (finding,) = look_at_configuration(tmp_path / "none.yaml", Machine(tmp_path), user_in_question(None), {})
    assert config is None
    assert "No such file" in finding.text
    assert "write it" in (finding.remedy or "")


def test_a_file_that_the_services_user_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "edgevision.yaml").touch(mode=0o600)
    config, findings = read(tmp_path, TEXT.replace("!credential edgevision_mqtt", "x"), NOBODY)
    assert config is not None
    assert [finding.status for finding in findings] == ["ok", "problem"]
    assert "sudo chgrp nobody" in (findings[1].remedy or "")


def test_a_labels_file_that_the_services_user_may_not_read(tmp_path: Path) -> None:
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    (tmp_path / "labels.txt").touch(mode=0o600)
    config, findings = read(tmp_path, f"model: {{labels: labels.txt}}\n{CAMERAS}", NOBODY)
    assert config is not None
    assert [finding.text for finding in findings[1:]] == [f"nobody may not read {tmp_path}/labels.txt"]


def test_tls_files_that_are_no_use_are_mistakes(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    config, (finding,) = read(tmp_path, "mqtt: {tls: {ca: ca.pem}}\n" + CAMERAS)
    assert config is not None
    assert finding.wrong_configuration
    assert "mqtt.tls.ca" in finding.text
    assert "name the PEM file" in (finding.remedy or "")


def test_a_sentence_is_divided_where_it_says_what_to_do() -> None:
    assert divided("it has expired: renew it") == ("it has expired", "renew it")
    assert divided("f.yaml:1:2: mqtt.port: 0 is wrong") == ("f.yaml:1:2: mqtt.port: 0 is wrong", None)
    assert divided("no module: `sudo apt install x`, and so on: do")[1] == "`sudo apt install x`, and so on: do"
