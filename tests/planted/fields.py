"""Bugs in what exists: fields ungated in one of their uses, links and entities that should not be there, masks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from schema.derive import aggregates, inputs, objects
from schema.model import Graph, Model, ScalarField
from security.capabilities import Capabilities
from tests.model.world import GRAPH
from tests.planted.planting import BOTH_PATHS, Bug, Patch, Plant, instead, on, ungated, wrapped

_USES: dict[str, tuple[Any, str]] = {
    "output": (objects, "_scalars"),
    "filters": (inputs, "_add_filter"),
    "orderings": (inputs, "orderable"),
    "groupings": (aggregates, "groupable"),
    "sums": (aggregates, "summable"),
    "extremes": (aggregates, "comparable"),
}
_MASKED = ("customers:read", "customers.pii:read:masked")
_KINDS = {
    "output": ("page", "row"),
    "filters": ("page", "groups"),
    "orderings": ("page",),
}


def _ungated_in(use: str) -> Bug:
    """Gate fields in each of their uses but one, where all of them are built from the same graph otherwise."""

    def plant(patch: Patch) -> None:
        gated: dict[int, tuple[Model, Model]] = {}
        seen_by = Graph.seen_by

        def seen(self: Graph, capabilities: Capabilities) -> Graph:
            found = seen_by(self, capabilities)
            models = {model.name: replace(model, fields=GRAPH[model.name].fields) for model in found}
            gated.update({id(models[model.name]): (models[model.name], model) for model in found})
            return Graph(models)

        def gating(function: Callable[..., Any]) -> Callable[..., Any]:
            def gate(part: Any) -> Any:
                return gated[id(part)][1] if isinstance(part, Model) and id(part) in gated else part

            return lambda *arguments: function(*map(gate, arguments))

        for name, (module, function) in _USES.items():
            if name != use:
                patch.setattr(module, function, gating(getattr(module, function)))
        patch.setattr(Graph, "seen_by", seen)

    entities = on("Order", "Customer", "PurchaseOrder", kinds=_KINDS.get(use, ("groups",)), rude=True)
    return Bug(
        f"fields are ungated in {use}",
        plant,
        roles=("support", "operations", "agent", "analyst"),
        focus=entities,
        builds_schemas=True,
    )


def _field(entity: str, name: str, capability: str) -> Bug:
    """Look with the entity's capability and nothing more."""
    return Bug(
        f"{entity}.{name} needs no capability of its own",
        ungated(entity, name),
        roles=("admin",),
        scopes=(capability,),
        people=3,
        focus=on(entity, kinds=("page",), rude=True),
        builds_schemas=True,
    )


def _seeing(change: Callable[[Graph, Capabilities], Graph]) -> Plant:
    """Change what a set of capabilities sees."""
    return wrapped(
        Graph, "seen_by", lambda seen_by: lambda self, capabilities: change(seen_by(self, capabilities), capabilities)
    )


def _with_all_links(found: Graph, _capabilities: Capabilities) -> Graph:
    links = {m.name: {n: link for n, link in GRAPH[m.name].links.items() if link.target in found.models} for m in found}
    readable = {
        name: {n: at for n, at in of.items() if found[at.target].readable or not found[name].readable or at.many}
        for name, of in links.items()
    }
    return Graph({model.name: replace(model, links=readable[model.name]) for model in found})


def _all_readable(found: Graph, _capabilities: Capabilities) -> Graph:
    return Graph({model.name: replace(model, readable=True) for model in found})


def _with_suppliers(found: Graph, _capabilities: Capabilities) -> Graph:
    models = {model.name: model for model in (*found, GRAPH["Warehouse"])}
    return Graph(
        {
            name: replace(model, links={n: at for n, at in model.links.items() if at.target in models})
            for name, model in models.items()
        }
    )


def _has_some(self: Capabilities, capability: str) -> bool:
    return any(name == capability or name.startswith(f"{capability}:") for name in self.granted)


def _unmasked(self: ScalarField, capabilities: Capabilities) -> ScalarField | None:
    return self if self.read is None or _has_some(capabilities, self.read) else None


BUGS = (
    *map(_ungated_in, _USES),
    _field("Customer", "cnpj", "customers:read"),
    _field("Customer", "creditLimit", "customers:read"),
    _field("Order", "total", "orders:read"),
    _field("Order", "notes", "orders:read"),
    _field("OrderItem", "discount", "orders:read"),
    _field("Supplier", "contactInfo", "catalog:read"),
    _field("PurchaseOrder", "unitCost", "purchasing:read"),
    _field("Interaction", "message", "interactions:read"),
    Bug(
        "a reach of a field's capability shows the field",
        instead(Capabilities, "has", _has_some),
        roles=("admin",),
        scopes=("customers:read", "customers.pii:read:own", "customers.credit:read:masked"),
        people=3,
        focus=on("Customer", rude=True),
        builds_schemas=True,
    ),
    Bug(
        "what may be counted may be read",
        _seeing(_all_readable),
        roles=("analyst",),
        focus=on("Order", "Customer", kinds=("page", "row")),
        builds_schemas=True,
    ),
    Bug(
        "links lead from what may be read to what may only be counted",
        _seeing(_with_all_links),
        roles=("analyst",),
        focus=on("Product", "CustomerTier", kinds=("page",)),
        builds_schemas=True,
    ),
    Bug(
        "an entity exists for everybody",
        _seeing(_with_suppliers),
        roles=("support", "customer"),
        focus=on("Warehouse"),
        builds_schemas=True,
    ),
    Bug(
        "masked fields are shown in full",
        instead(ScalarField, "seen_by", _unmasked),
        BOTH_PATHS,
        ("admin",),
        scopes=_MASKED,
        people=3,
        focus=on("Customer", kinds=("page",)),
        builds_schemas=True,
    ),
    Bug(
        "masked fields are masked in the description alone",
        instead(ScalarField, "shown", lambda _self, column: column),
        BOTH_PATHS,
        ("admin",),
        scopes=_MASKED,
        people=3,
        focus=on("Customer", kinds=("page",)),
    ),
    Bug(
        "rows can be chosen by what is seen masked",
        instead(Model, "comparable", property(lambda model: model.fields)),
        BOTH_PATHS,
        ("admin",),
        scopes=_MASKED,
        people=3,
        focus=on("Customer", kinds=("page",), rude=True),
        builds_schemas=True,
    ),
)
