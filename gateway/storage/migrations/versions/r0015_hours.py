"""Turns are summed up by the hour, those that are there already too."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TOKENS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
VERDICTS = ("unscored", "in_character", "warming_up", "drifting", "out_of_character")
SCALES = {"voice": (0.0, 1.0), "drift_values": (0.0, 1.0), "drift_rules": (0.0, 1.0), "coherence": (1.0, 4.0)}
"""The lowest level and the width of each scale."""
BINS = 20
HOUR = "created_at - created_at % 3600000"


def upgrade() -> None:
    op.create_table(
        "usage_hours",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upstream", sa.String(200), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        *[_sum(name) for name in ("turns", "completed", "failed", "cancelled", *TOKENS)],
        sa.Column("cost_usd", sa.Float(), nullable=False),
        *[_sum(name) for name in ("priced", "unpriced", "estimated")],
        sa.PrimaryKeyConstraint(
            "workspace_id", "hour", "persona_id", "version", "upstream", "key_id", name=op.f("pk_usage_hours")
        ),
    )
    op.create_table(
        "drift_hours",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upstream", sa.String(200), nullable=False),
        *[_sum(name) for name in ("turns", *VERDICTS)],
        *[column for scale in SCALES for column in _levels(scale)],
        sa.PrimaryKeyConstraint(
            "workspace_id", "persona_id", "hour", "version", "upstream", name=op.f("pk_drift_hours")
        ),
    )
    _sum_up_usage()
    _sum_up_drift()


def downgrade() -> None:
    op.drop_table("drift_hours")
    op.drop_table("usage_hours")


def _sum(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _levels(scale: str) -> list[sa.Column[int] | sa.Column[float]]:
    return [sa.Column(f"{scale}_sum", sa.Float(), nullable=False), *map(_sum, _bins(scale))]


def _bins(scale: str) -> list[str]:
    return [f"{scale}_{number:02}" for number in range(BINS)]


def _sum_up_usage() -> None:
    total = "COALESCE(total_tokens, COALESCE(prompt_tokens, 0) + COALESCE(completion_tokens, 0))"
    counted = "(prompt_tokens IS NOT NULL OR completion_tokens IS NOT NULL)"
    figures = {
        "turns": "COUNT(*)",
        **{status: _count(f"status = '{status}'") for status in ("completed", "failed", "cancelled")},
        **{name: f"SUM(COALESCE({name}, 0))" for name in TOKENS},
        "total_tokens": f"SUM({total})",
        "cost_usd": "SUM(COALESCE(cost_usd, 0.0))",
        "priced": _count("cost_usd IS NOT NULL"),
        "unpriced": _count(f"cost_usd IS NULL AND {counted}"),
        "estimated": _count("usage_source = 'estimated'"),
    }
    _sum_up("usage_hours", ("workspace_id", "persona_id", "version", "upstream", "hour", "key_id"), figures)


def _sum_up_drift() -> None:
    figures = {"turns": "COUNT(*)"}
    figures |= {name: _count(f"verdict = '{name.replace('_', '-')}'") for name in VERDICTS}
    for scale, (lowest, width) in SCALES.items():
        figures[f"{scale}_sum"] = f"SUM(COALESCE({scale}, 0.0))"
        for number, name in enumerate(_bins(scale)):
            edges = []
            if number:
                edges.append(f"({scale} - {lowest}) / {width} >= {number / BINS}")
            if number + 1 < BINS:
                edges.append(f"({scale} - {lowest}) / {width} < {(number + 1) / BINS}")
            figures[name] = _count(" AND ".join(edges))
    keys = ("workspace_id", "persona_id", "version", "upstream", "hour")
    _sum_up("drift_hours", keys, figures, "WHERE persona_id IS NOT NULL")


def _count(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _sum_up(table: str, keys: tuple[str, ...], figures: dict[str, str], where: str = "") -> None:
    absent = {
        "persona_id": "COALESCE(persona_id, '')",
        "version": "COALESCE(version, 0)",
        "upstream": "COALESCE(upstream, '')",
        "hour": HOUR,
    }
    groups = [absent.get(key, key) for key in keys]
    names = ", ".join([*keys, *figures])
    op.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join([*groups, *figures.values()])} "  # noqa: S608
        f"FROM turns {where} GROUP BY {', '.join(groups)}"
    )
