# `make help` lists what can be made. Needs Python 3.11 to 3.13; everything goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
STUDY ?= first

# One thread a test process: two processes already fill two cores.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# Without byte code every process that a test starts would compile torch again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install train test test-all check lint types sweep report study leakage original clinics board bench bench-compare docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The versions of requirements.lock with their hashes, then pdla itself. Byte code is compiled when a
# module is first used: compiling all of it takes as long as copying it.
.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c "import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else \
		'pdla needs Python 3.11 to 3.13 (Hydra 1.3 does not run on 3.14): make install PYTHON=python3.13')"
	@test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --no-compile --progress-bar on --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --no-compile --no-deps -e .
	@touch $@

install: .venv/installed ## install pdla and its tools into .venv

lock: install ## write requirements.lock: the versions of .venv; make lock NEWEST=1: the newest ones
	$(BIN)/python -m pip freeze --exclude-editable > .venv/versions.txt
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header \
		--generate-hashes $(if $(NEWEST),--upgrade,-c .venv/versions.txt) -q -o requirements.lock

train: install ## simulate a clinic, train R3D-18 on the right leg, test it on patients it never saw
	$(BIN)/python train.py model=r3d leg=R

sweep: install ## both legs, five folds each
	$(BIN)/python train.py -m leg=L,R 'split.fold=range(5)' study=$(STUDY)

report: install ## pool the runs of a study: make report STUDY=first
	$(BIN)/pdla report runs/$(STUDY)

data/simulated: | install
	$(BIN)/pdla simulate $@

# Hours on two cores. The networks of 2023 need a GPU: make study VIDEO=1
VIDEO ?=
SWEEPS = models62 models620 $(if $(VIDEO),models62_video models620_video)

data/simulated_large: | install
	$(BIN)/pdla simulate $@ --videos 620 --seed 1

data/simulated_pretrain: | install
	$(BIN)/pdla simulate $@ --videos 2000 --seed 1000 --scores balanced

study: data/simulated data/simulated_large data/simulated_pretrain ## all models at 62 and 620 videos
	$(BIN)/python train.py -m sweep=pretrain
	status=0; for name in $(SWEEPS); do $(BIN)/python train.py -m sweep=$$name || status=1; done; \
		exit $$status
	$(BIN)/pdla report runs/models62
	$(BIN)/pdla report runs/models620

leakage: data/simulated ## show what the 2023 protocol hides: the same model, by video and by patient
	$(BIN)/pdla leakage

# On a GPU the recipe of 2023, in bf16; on a CPU a small one that says so.
original: data/simulated ## run the system of 2023, end to end, and show what its protocol hides
	$(BIN)/pdla original --out runs/original --precision bf16 $(ON)

board: install ## review runs in TensorBoard
	$(BIN)/tensorboard --logdir runs

test: install ## run the fast tests
	$(PYTEST)

test-all: install ## run all tests, the slow ones too
	$(PYTEST) -m ''

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

check: lint types test ## ruff, mypy --strict, pytest

# About an hour and a half on one core.
clinics: install ## mean and spread of the cheap scorers over 20 simulated clinics, on two simulators
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_clinics --simulator pdla
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_clinics --simulator second

bench: data/simulated ## measure speed: intake, drawing against decoding, training, logging, report
	$(BIN)/python tests/benchmarks/bench_intake.py
	$(BIN)/python -m tests.benchmarks.bench_speed
	$(BIN)/python -m tests.benchmarks.bench_keypoints
	$(BIN)/python -m tests.benchmarks.bench_report
	$(BIN)/python -m tests.benchmarks.goals --docs docs/performance.md
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_logging

# The old file is named like a target; there is nothing to make of it.
OLD = $(filter %.json,$(MAKECMDGOALS))
bench-compare: install ## make bench-compare OLD.json: benchmarks.json beside an older one
	$(BIN)/python -m tests.benchmarks.compare $(OLD)
ifneq (,$(filter bench-compare,$(MAKECMDGOALS)))
%.json: ;
endif

docs: install ## build the documentation into site/
	$(BIN)/python -m pip install -q -e ".[docs]"
	$(BIN)/python docs/scripts/configuration.py
	$(BIN)/python docs/scripts/pose_formats.py
	$(BIN)/python docs/scripts/architecture.py
	$(BIN)/python docs/scripts/tour.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## delete .venv, caches and build files; data/ and runs/ stay
	rm -rf .venv build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
