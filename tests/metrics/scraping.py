"""What a gateway tells is read as Prometheus reads it."""

import re

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.process import Gateway

METRICS = "\n[metrics]\nport = 0\n"


def address(gateway: Gateway) -> str:
    """Return the URL that the banner tells."""
    found = re.search(r"metrics +(http://\S+)", gateway.banner)
    assert found is not None
    return found[1]


def scraped(gateway: Gateway) -> str:
    reply = httpx.get(address(gateway))
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return reply.text


def scrape(gateway: Gateway) -> dict[str, Metric]:
    """Read all metrics, by their names without `_total`."""
    return {family.name: family for family in text_string_to_metric_families(scraped(gateway))}


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    """Add up the samples of this name that have these labels."""
    bare = re.sub(r"_(total|sum|count|bucket)$", "", name)
    family = next(found[part] for part in (name, bare) if part in found)
    return sum(
        sample.value
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
