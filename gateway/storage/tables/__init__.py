"""Every table, as SQLAlchemy Core knows it; tests compare the migrations with these."""

from gateway.storage.tables.dialogue import conversations as conversations
from gateway.storage.tables.dialogue import messages as messages
from gateway.storage.tables.identity import keys as keys
from gateway.storage.tables.identity import properties as properties
from gateway.storage.tables.identity import workspaces as workspaces
from gateway.storage.tables.journal import audit as audit
from gateway.storage.tables.journal import changes as changes
from gateway.storage.tables.journal import events as events
from gateway.storage.tables.journal import idempotency as idempotency
from gateway.storage.tables.library import aliases as aliases
from gateway.storage.tables.library import labels as labels
from gateway.storage.tables.library import personas as personas
from gateway.storage.tables.library import versions as versions
from gateway.storage.tables.recorded import BINS as BINS
from gateway.storage.tables.recorded import SCALES as SCALES
from gateway.storage.tables.recorded import TOKENS as TOKENS
from gateway.storage.tables.recorded import amendments as amendments
from gateway.storage.tables.recorded import bin_names as bin_names
from gateway.storage.tables.recorded import drift_hours as drift_hours
from gateway.storage.tables.recorded import turns as turns
from gateway.storage.tables.recorded import usage_hours as usage_hours
from gateway.storage.tables.schema import metadata as metadata
from gateway.storage.tables.spending import budgets as budgets
from gateway.storage.tables.spending import holds as holds
from gateway.storage.tables.spending import spent as spent
