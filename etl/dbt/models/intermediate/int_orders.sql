-- An order that is a sale, summed up from its lines, and what these lines cost us as far as that is known.
{{ config(
  pre_hook=[
    "{{ note_days_of_costs(ref('fact_orders')) }}",
    "{{ clear_periods('order_date', ['fact_orders', 'int_orders'], day_of) }}",
  ],
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
with lines as (
  select * from {{ ref('fact_orders') }}
  where {{ every_day('order_date') }} and is_sale
  {% if is_incremental() %}
    and {{ has_touched_day('order_date', ['fact_orders', 'int_orders'], day_of) }}
  {% endif %}
)

select
  lines.order_id,
  lines.customer_id,
  lines.order_date,
  min(lines.ordered_at) as ordered_at,
  min(lines.payment_method) as payment_method,
  count(*) as lines,
  {{ whole('sum(lines.quantity)') }} as units,
  {{ amount('sum(lines.total_amount)') }} as amount,
  {{ amount('sum(lines.total_amount - lines.tax)') }} as net_amount,
  {{ amount('sum(case when costs.unit_cost is not null then lines.total_amount - lines.tax else 0 end)') }} as costed_amount,
  {{ cost('coalesce(sum(lines.quantity * costs.unit_cost), 0)') }} as cost_amount
from lines
left join {{ ref('int_unit_costs') }} as costs
  on costs.product_id = lines.product_id
  and lines.order_date >= costs.first_month and lines.order_date < costs.next_month
group by 1, 2, 3
