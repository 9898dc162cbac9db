"""What a sweep notes of the runs that it asks for."""

from hydra import compose, initialize_config_dir

from pdla.commands.train import _jobs_of
from tests.fixtures.places import CONF


def test_a_tag_that_names_another_option_is_noted_as_it_was_written():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        written = ["split.inner=0", "tag=-inner${split.inner}"]
        config = compose("train", overrides=written, return_hydra_config=True)
        (job,) = _jobs_of(config)
        assert compose("train", overrides=job).tag == "-inner0"
        assert compose("train", overrides=[*job, "split.inner=1"]).tag == "-inner1"
