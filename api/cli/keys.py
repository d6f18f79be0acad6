"""`keys`: the keys that sign bearer tokens and customers' links; the log's own keys are `tlog`'s."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.console import FINDINGS, could_not_run, err, out, print_json
from api.cli.options import AsJson, DataDir, settings_of
from infrastructure.identity.signing_keys import Kept, kept_keys, retire_key, rotate_keys
from infrastructure.identity.tokens import LINK_LIVES

app = typer.Typer(no_args_is_help=True, help="Keys that sign tokens and links: list, rotate, retire.")


@app.command("list")
def list_keys(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the key that signs and the older ones that still verify."""
    try:
        found = kept_keys(settings_of(data_dir).data_dir / "keys")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    if as_json:
        print_json([{**vars(key), "links_valid_until": _links_end(key)} for key in found])
        return
    for key in found:
        until = f"verifies; its last link ends {_links_end(key):%Y-%m-%d}"
        out.print(f"{key.id}  {'signs' if key.signs else until}", markup=False)


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Let a new key sign from now on. What the old one signed stays valid; running processes notice by themselves.

    The old key's private half is destroyed. Its public half verifies until `caseledger keys retire`.
    """
    try:
        old, new = rotate_keys(settings_of(data_dir).data_dir / "keys")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    out.print(f"{new} signs; {old} verifies what it signed until you retire it", markup=False)


@app.command()
def retire(
    key: Annotated[str, typer.Argument(help="The id of an older key; `caseledger keys list` shows them.")],
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Also while it still verifies links: all it signed is void at once.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Let an older key verify no more. Exit 1 while links that it signed may be valid, unless --compromised."""
    folder = settings_of(data_dir).data_dir / "keys"
    try:
        kept = {each.id: each for each in kept_keys(folder) if not each.signs}
        if key in kept and not compromised and datetime.now(UTC) < _links_end(kept[key]):
            err.print(
                f"{key} verifies links until {_links_end(kept[key]):%Y-%m-%d}; --compromised voids them", markup=False
            )
            raise typer.Exit(FINDINGS)
        retire_key(folder, key)
    except KeyError:
        could_not_run(f"{key} is no older key: {', '.join(kept) or 'there is none'}")
    except (OSError, TypeError, ValueError) as error:
        could_not_run(error)
    out.print(f"{key} verifies no more", markup=False)


def _links_end(key: Kept) -> datetime:
    """When the last link that a key signed ends."""
    return (key.rotated_at or datetime.now(UTC)) + LINK_LIVES
