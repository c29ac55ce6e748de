import pytest

from kestra_iam.management import static_files


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"


def test_files_are_gathered_once(settings):
    assert static_files.gather() is True
    assert (settings.STATIC_ROOT / "admin" / "css" / "base.css").is_file()
    assert static_files.gather() is False


def test_they_are_gathered_again_when_one_has_changed(settings, tmp_path):
    settings.STATICFILES_DIRS = [tmp_path / "more"]
    (tmp_path / "more").mkdir()
    static_files.gather()
    (tmp_path / "more" / "new.css").write_text("body {}")
    assert static_files.gather() is True
    assert (settings.STATIC_ROOT / "new.css").is_file()


def test_a_run_that_was_cut_short_is_made_up_for(settings):
    settings.STATIC_ROOT.mkdir()
    assert static_files.gather() is True
