import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pdla.commands.options import read_options
from pdla.commands.overrides import as_hydra_reads, read_overrides, write_override


def hydra_reads(argument: str) -> object:
    """What train.py gets."""
    override = OverridesParser.create().parse_override(argument)
    config = OmegaConf.create({"value": override.value()})
    return OmegaConf.to_container(config, resolve=True)["value"]


@pytest.mark.parametrize(
    "path",
    ["data/LA", "our videos", '病人 "a"', "it's", r"C:\new\x", "end\\", "a=b,c", "${home}", "123",
     "null", "1e3", "(x)", "[x]", "{x}", "a:b", "~x", "-x", "@x", 'a\\"b', "", "a#b", "true"],
)  # fmt: skip
def test_any_path_survives_a_shell_and_hydra(path: str) -> None:
    (argument,) = shlex.split(write_override("recordings.videos", path))
    assert hydra_reads(argument) == path


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12))
def test_any_text_survives_a_shell_and_hydra(text: str) -> None:
    (argument,) = shlex.split(write_override("recordings.labels", text))
    assert hydra_reads(argument) == text


def test_what_hydra_cannot_read_is_quoted_for_it() -> None:
    pattern = r"^(?P<group>[A-Z]+)(?P<code>\d{2})_(?P<number>\d{1,4})_"
    argument = f"recordings.patients.pattern={pattern}"
    assert hydra_reads(as_hydra_reads(argument)) == pattern
    assert read_options(None, [argument]).patients.pattern == pattern
    assert as_hydra_reads("model=r3d") == "model=r3d"
    assert as_hydra_reads("--cfg") == "--cfg"


@pytest.mark.parametrize("prefix", ["", "recordings."])
@pytest.mark.parametrize(
    ("argument", "value"),
    [("folders.prefix=", ""), ("patients.mapping=null", None), ("folders.prefix='null'", "null"),
     ("sheet.left=[a,'b c']", ["a", "b c"]), ("openpose.fps=25", 25), ("sheet.video='1'", "1"),
     ("sheet.tab=Rater A", "Rater A"), ("folders.suffix=影片", "影片")],
)  # fmt: skip
def test_values_mean_what_they_mean_to_train_py(prefix: str, argument: str, value: object) -> None:
    config = OmegaConf.to_container(read_overrides([prefix + argument]))
    section, name = argument.split("=", maxsplit=1)[0].split(".")
    assert config[section][name] == value == hydra_reads(as_hydra_reads(argument))


@pytest.mark.parametrize(
    ("argument", "words"),
    [("openpose.fps=25,30", "several values"), ("~openpose.fps", "deleted"), ("fps", "KEY=VALUE"),
     (__file__, "a sheet is named by --labels"),
     ("openpose.frame_size=[1,", "KEY=VALUE")],
)  # fmt: skip
def test_what_no_single_run_could_take_is_one_line(argument: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        read_overrides([argument])
    assert "\n" not in str(error.value)


def test_a_config_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_options(tmp_path / "no.yaml", [])
