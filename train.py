"""Train and test one model: `python train.py model=r3d leg=R`; `-m` sweeps. See README.md."""

from pdla.commands.train import main

if __name__ == "__main__":
    main()
