"""`python -m console` is `oncall`."""

from console.cli.main import main

if __name__ == "__main__":
    main()
