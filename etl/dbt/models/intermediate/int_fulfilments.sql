{{ config(
  pre_hook=["{{ note_touched(arrived('orders', 'order_id')) }}", "{{ clear_keys('order_id') }}"],
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
select
  order_id,
  customer_id,
  {{ local_date('order_date') }} as order_date,
  status,
  promised_at,
  {{ hours_between('order_date', 'shipped_at') }} as hours_to_ship,
  {{ hours_between('order_date', 'delivered_at') }} as hours_to_deliver,
  delivered_at is not null and promised_at is not null as is_promise_known,
  delivered_at <= promised_at as is_on_time,
  status not in ('delivered', 'cancelled') as is_open
from {{ ref('stg_orders') }}
{% if is_incremental() %}where order_id in {{ touched_keys() }}{% endif %}
