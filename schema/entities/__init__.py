"""Every entity, a file each."""

from schema.entities.audit_record import AuditRecord
from schema.entities.category import Category
from schema.entities.customer import Customer
from schema.entities.customer_tier import CustomerTier
from schema.entities.interaction import Interaction
from schema.entities.inventory_item import InventoryItem
from schema.entities.order import Order
from schema.entities.order_item import OrderItem
from schema.entities.price import Price
from schema.entities.product import Product
from schema.entities.purchase_order import PurchaseOrder
from schema.entities.supplier import Supplier
from schema.entities.warehouse import Warehouse
from schema.entity import Entity

ENTITIES: tuple[type[Entity], ...] = (
    CustomerTier,
    Customer,
    Category,
    Supplier,
    Product,
    Warehouse,
    InventoryItem,
    Order,
    OrderItem,
    Price,
    PurchaseOrder,
    Interaction,
    AuditRecord,
)
"""What the gateway serves."""
