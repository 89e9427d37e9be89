{{ config(
  pre_hook="{{ clear_periods('order_date', 'fact_orders', day_of) }}",
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
select
  order_id,
  customer_id,
  order_date,
  min(ordered_at) as ordered_at,
  min(payment_method) as payment_method,
  count(*) as lines,
  sum(quantity) as units,
  sum(total_amount) as amount
from {{ ref('fact_orders') }}
where {{ every_day('order_date') }} and is_sale
{% if is_incremental() %}
  and {{ has_touched_day('order_date', 'fact_orders', day_of) }}
{% endif %}
group by order_id, customer_id, order_date
