"""What all dashboards have in common: variables, refresh, links, and no edits by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from .panels import SOURCE

TAG = "coreskills"


@dataclass(frozen=True)
class Board:
    """`rows`: a heading and its panels, from the top. `since`: the time that is shown at first."""

    name: str
    title: str
    description: str
    rows: Sequence[tuple[str, Sequence[Any]]]
    since: str = "now-15m"
    refresh: str = "5s"

    @property
    def uid(self) -> str:
        return f"{TAG}-{self.name}"


def build(board: Board) -> models.Dashboard:
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description)
    made = made.tags([TAG]).readonly().refresh(board.refresh).time(board.since, "now")
    made = made.timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR).link(_others())
    for variable in (_source(), _chosen("job", "up"), _chosen("instance", 'up{job=~"$job"}')):
        made = made.with_variable(variable)
    for heading, panels in board.rows:
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(panel)
    return _numbered(made.build())


def _source() -> dashboard.DatasourceVariable:
    variable = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return variable.description("Which Prometheus is asked.")


def _chosen(label: str, among: str) -> dashboard.QueryVariable:
    """One or several values of a label; all of them at first."""
    variable = dashboard.QueryVariable(label).label(label.capitalize()).datasource(SOURCE)
    variable = variable.query(f"label_values({among}, {label})").multi(True).include_all(True)
    variable = variable.all_value(".+").current(models.VariableOption(True, "All", "$__all"))
    variable = variable.sort(models.VariableSort.ALPHABETICAL_ASC)
    return variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)


def _others() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("CoreSkills").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags([TAG]).as_dropdown(True).keep_time(True).include_vars(True)


def _numbered(made: models.Dashboard) -> models.Dashboard:
    """Grafana numbers panels itself when it loads them, and links to a panel would then break."""
    for number, panel in enumerate(made.panels or [], 1):
        panel.id_val = number
    return made
