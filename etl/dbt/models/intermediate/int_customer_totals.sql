-- What each customer ordered, ever and lately; customers without an order are in it too.
{{ config(materialized='table') }}
select
  customers.customer_id,
  customers.customer_name,
  customers.region,
  customers.tier,
  customers.status,
  customers.signup_date,
  clock.today,
  count(orders.order_id) as total_orders,
  coalesce(sum(orders.amount), 0) as total_revenue,
  min(orders.order_date) as first_order_date,
  max(orders.order_date) as last_order_date,
  {{ quotient(days_between('min(orders.order_date)', 'max(orders.order_date)'), 'count(orders.order_id) - 1') }} as average_interval_days,
  {% for days in [30, 90, 180, 365] %}
  {{ count_where('orders.order_date > ' ~ add_days('clock.today', -days)) }} as orders_{{ days }}d,
  {% endfor %}
  {% for days in [90, 180, 365] %}
  coalesce(sum(case when orders.order_date > {{ add_days('clock.today', -days) }} then orders.amount end), 0) as revenue_{{ days }}d,
  {% endfor %}
  {{ count_where('orders.order_date > ' ~ add_days('clock.today', -730) ~ ' and orders.order_date <= ' ~ add_days('clock.today', -365)) }} as orders_year_before
from {{ ref('int_customers') }} as customers
cross join {{ ref('int_clock') }} as clock
left join {{ ref('int_orders') }} as orders on orders.customer_id = customers.customer_id
group by 1, 2, 3, 4, 5, 6, 7
