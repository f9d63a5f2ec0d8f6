"""The `photos` command's first step, so light that a worker process, which runs its parent's main module anew, may.

What belongs here: nothing but the way to cli.py.
"""


def main() -> None:
    """Import the command and run it; Ctrl-C before it is there ends the process as later on."""
    try:
        from photo_assets.cli import main as command
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    command()


if __name__ == "__main__":
    main()
