"""The kit's settings for Jupyter's server; tools/jupyter_settings.py puts them into an environment.

Notebook 13 is for a person's own mail. Git tracks the notebook, and what it shows would be stored in it with
the next save: so its outputs are left out of the file. They stay on the screen.
"""

from typing import Any

OWN_MAIL = "13_"  # what the name of a notebook for own mail begins with


def leave_own_mail_out(model: dict[str, Any], path: str, **_: Any) -> None:
    """Takes outputs and widgets' state out of what is about to be saved."""
    name = path.rpartition("/")[2]
    if model["type"] != "notebook" or not name.startswith(OWN_MAIL):
        return
    model["content"]["metadata"].pop("widgets", None)
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.FileContentsManager.pre_save_hook = leave_own_mail_out
# An upload to a notebook is one message, and Jupyter hangs up above 10 MB: a mail can be larger.
c.ServerApp.tornado_settings = {"websocket_max_message_size": 256 * 1024 * 1024}
