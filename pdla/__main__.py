"""`python -m pdla` is `pdla`."""

from pdla.cli import main

if __name__ == "__main__":
    main()
