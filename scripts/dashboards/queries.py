"""The words our PromQL is made of. Every selector follows the variables of the dashboard."""

CHOSEN = 'job=~"$job", instance=~"$instance"'
# What people and programs asked for; probes and scrapes would make every figure look better.
ASKED = 'route!~"/health.*|/metrics"'
REQUESTS = "flask_http_request_total"
SECONDS = "flask_http_request_duration_seconds"


def of(metric: str, *matchers: str) -> str:
    return f"{metric}{{{', '.join([CHOSEN, *matchers])}}}"


def total(metric: str, *matchers: str, by: str = "") -> str:
    return f"{_sum(by)}({of(metric, *matchers)})"


def rate(metric: str, *matchers: str, by: str = "", over: str = "$__rate_interval") -> str:
    """Per second, of all that was counted. First the rate, then the sum: a process that starts
    again begins at 0, which only its own series can tell."""
    return f"{_sum(by)}(rate({of(metric, *matchers)}[{over}]))"


def increase(metric: str, *matchers: str, by: str = "", over: str = "$__range") -> str:
    """How many in that time."""
    return f"{_sum(by)}(increase({of(metric, *matchers)}[{over}]))"


def share(part: str, whole: str) -> str:
    """Between 0 and 1. A part that never happened is 0, as long as there is a whole; of nothing
    at all there is no share, and the panel says so."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def quantile(part: float, histogram: str, *matchers: str, by: str = "") -> str:
    groups = ", ".join(filter(None, ["le", by]))
    return f"histogram_quantile({part}, {rate(f'{histogram}_bucket', *matchers, by=groups)})"


def mean(histogram: str, *matchers: str) -> str:
    """Of the time shown by one point, not of the whole life of the process."""
    return f"{rate(f'{histogram}_sum', *matchers)} / {rate(f'{histogram}_count', *matchers)}"


def most(query: str) -> str:
    """The eight that are most: of thirty kinds of jobs few are at work at a time. What nobody
    measured, NaN, is none of them."""
    return f"topk(8, {query} >= 0)"


def counted(query: str, job: str) -> str:
    """A counter that has never counted has no series. While its program is scraped, that is 0."""
    scraped = of("up", f'job="{job}"')
    return f"{query} or 0 * max({scraped} == 1)"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
