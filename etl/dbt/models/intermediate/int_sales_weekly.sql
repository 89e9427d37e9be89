{{ config(
  pre_hook="{{ clear_periods('week', ['fact_orders'], week_of) }}",
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
select
  {{ week_of('order_date') }} as week,
  product_id,
  count(distinct order_id) as orders,
  {{ whole('sum(quantity)') }} as units,
  {{ amount('sum(total_amount - tax)') }} as net_amount,
  {{ amount('sum(discount)') }} as discount_amount,
  {{ amount('sum(total_amount - tax + discount)') }} as gross_amount
from {{ ref('fact_orders') }}
where {{ every_day('order_date') }} and is_sale
{% if is_incremental() %}
  and {{ has_touched_day(week_of('order_date'), ['fact_orders'], week_of) }}
{% endif %}
group by 1, 2
