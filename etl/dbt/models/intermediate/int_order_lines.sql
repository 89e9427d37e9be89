with orders as (
  select
    order_id,
    customer_id,
    status,
    payment_method,
    order_date as ordered_at,
    {{ local_date('order_date') }} as order_date
  from {{ ref('stg_orders') }}
)

select
  lines.order_item_id,
  lines.order_id,
  orders.customer_id,
  orders.order_date,
  lines.product_id,
  lines.quantity,
  lines.unit_price,
  lines.discount,
  lines.tax,
  lines.total as total_amount,
  orders.status as order_status,
  orders.payment_method,
  orders.ordered_at,
  orders.status <> 'cancelled' as is_sale
from {{ ref('stg_order_items') }} as lines
inner join orders on orders.order_id = lines.order_id
