"""How a panel of ours looks: one function for each kind. All say what they show, in which unit, and
from where on it is worrying."""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    gauge,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, WORRYING, BAD, PLAIN = "green", "orange", "red", "text"
ABSENT = "no data"  # what nobody measured is neither good nor bad
LAST = common.ReduceDataOptions().calcs(["lastNotNull"])


@dataclass(frozen=True)
class About:
    """`width` of 24 columns. `limits`: from where on it is worrying, and bad; `low`: below them."""

    title: str
    description: str
    unit: str = "short"
    width: int = 12
    height: int = 8
    limits: tuple[float, float] | None = None
    low: bool = False
    most: float | None = None


@dataclass(frozen=True)
class Line:
    expr: str
    legend: str


def lines(about: About, *shown: Line, stacked: bool = False) -> Any:
    """Over time; the legend is a table with the last value, the mean and the highest."""
    legend = common.VizLegendOptions().show_legend(True).placement(looks.LegendPlacement.BOTTOM)
    legend = legend.display_mode(looks.LegendDisplayMode.TABLE)
    panel = _dressed(timeseries.Panel(), about, shown)
    panel = panel.legend(legend.calcs(["lastNotNull", "mean", "max"])).axis_soft_min(0)
    panel = panel.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    panel = panel.line_width(1).fill_opacity(30 if stacked else 8)
    panel = panel.show_points(looks.VisibilityMode.NEVER)
    if about.limits:
        dashed = common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    return panel


def number(about: About, expr: str, legend: str = "") -> Any:
    """The latest value, large, with what it was before behind it."""
    panel = _dressed(stat.Panel(), about, [Line(expr, legend or about.title)])
    panel = panel.graph_mode(looks.BigValueGraphMode.AREA).reduce_options(LAST)
    return panel.color_mode(looks.BigValueColorMode.VALUE)


def light(about: About, expr: str) -> Any:
    """UP on green or DOWN on red: a word and a colour, as colour alone tells not everybody."""
    panel = _dressed(stat.Panel(), about, [Line(expr, about.title)])
    panel = panel.graph_mode(looks.BigValueGraphMode.NONE).reduce_options(LAST)
    panel = panel.color_mode(looks.BigValueColorMode.BACKGROUND).mappings(UP_OR_DOWN)
    return panel.thresholds(_steps((1, 1), low=True))


def names(about: About, *shown: Line) -> Any:
    """What the labels of a series say, as words."""
    panel = _dressed(stat.Panel(), about, shown)
    panel = panel.graph_mode(looks.BigValueGraphMode.NONE).reduce_options(LAST)
    return panel.text_mode(looks.BigValueTextMode.NAME)


def dial(about: About, *shown: Line) -> Any:
    """A share of what there may be at most."""
    return _dressed(gauge.Panel(), about, shown).reduce_options(LAST)


def bars(about: About, *shown: Line) -> Any:
    """Several values side by side."""
    panel = _dressed(bargauge.Panel(), about, shown).reduce_options(LAST)
    panel = panel.orientation(looks.VizOrientation.HORIZONTAL)
    return panel.display_mode(looks.BarGaugeDisplayMode.BASIC)


def states(about: About, *shown: Line) -> Any:
    """UP and DOWN over time, a row for each series."""
    panel = _dressed(statetimeline.Panel(), about, shown)
    legend = common.VizLegendOptions().show_legend(True).placement(looks.LegendPlacement.BOTTOM)
    panel = panel.legend(legend.display_mode(looks.LegendDisplayMode.LIST))
    return panel.mappings(UP_OR_DOWN).thresholds(_steps((1, 1), low=True)).merge_values(True)


def _dressed(panel: Any, about: About, shown: Any) -> Any:
    panel = panel.title(about.title).description(about.description).unit(about.unit)
    panel = panel.datasource(SOURCE).span(about.width).height(about.height).no_value(ABSENT)
    panel = panel.thresholds(_steps(about.limits, low=about.low)).min(0)
    if about.most is not None:
        panel = panel.max(about.most)
    for name, line in zip("ABCDEFGH", shown, strict=False):
        panel = panel.with_target(_target(name, line))
    return panel


def _target(name: str, line: Line) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(line.expr).legend_format(line.legend)
    return query.ref_id(name).datasource(SOURCE).range()


def _steps(limits: tuple[float, float] | None, *, low: bool) -> dashboard.ThresholdsConfig:
    """Colours from the lowest value upwards; the first has no lower bound."""
    made = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
    if limits is None:
        return made.steps([models.Threshold(None, PLAIN)])
    first, last = (BAD, GOOD) if low else (GOOD, BAD)
    colors = zip((None, *limits), (first, WORRYING, last), strict=True)
    return made.steps([models.Threshold(value, color) for value, color in colors])


UP_OR_DOWN: list[Any] = [
    models.ValueMap(
        options={
            "1": models.ValueMappingResult(text="UP", color=GOOD, index=0),
            "0": models.ValueMappingResult(text="DOWN", color=BAD, index=1),
        }
    )
]
