-- What each customer ordered, ever and lately; customers without an order are in it too.
{{ config(materialized='table') }}
with summed as (
  select
    orders.customer_id,
    count(*) as orders,
    sum(orders.amount) as revenue,
    min(orders.order_date) as first_order_date,
    max(orders.order_date) as last_order_date,
    {% for days in [30, 90, 180, 365] %}
    {{ count_where('orders.order_date > ' ~ add_days('clock.today', -days)) }} as orders_{{ days }}d,
    {% endfor %}
    {% for days in [90, 180, 365] %}
    sum(case when orders.order_date > {{ add_days('clock.today', -days) }} then orders.amount else 0 end) as revenue_{{ days }}d,
    {% endfor %}
    {{ count_where('orders.order_date > ' ~ add_days('clock.today', -730) ~ ' and orders.order_date <= ' ~ add_days('clock.today', -365)) }} as orders_year_before
  from {{ ref('int_orders') }} as orders
  cross join {{ ref('int_clock') }} as clock
  group by orders.customer_id
)

select
  customers.customer_id,
  customers.customer_name,
  customers.region,
  customers.tier,
  customers.status,
  customers.signup_date,
  clock.today,
  coalesce(summed.orders, 0) as total_orders,
  {{ amount('coalesce(summed.revenue, 0)') }} as total_revenue,
  summed.first_order_date,
  summed.last_order_date,
  {{ quotient(days_between('summed.first_order_date', 'summed.last_order_date'), 'summed.orders - 1') }} as average_interval_days,
  {% for days in [30, 90, 180, 365] %}
  coalesce(summed.orders_{{ days }}d, 0) as orders_{{ days }}d,
  {% endfor %}
  {% for days in [90, 180, 365] %}
  {{ amount('coalesce(summed.revenue_' ~ days ~ 'd, 0)') }} as revenue_{{ days }}d,
  {% endfor %}
  coalesce(summed.orders_year_before, 0) as orders_year_before
from {{ ref('int_customers') }} as customers
cross join {{ ref('int_clock') }} as clock
left join summed on summed.customer_id = customers.customer_id
