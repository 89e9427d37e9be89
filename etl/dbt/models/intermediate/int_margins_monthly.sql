{{ config(
  pre_hook=[
    "{{ note_days_of_costs(ref('fact_orders')) }}",
    "{{ clear_periods('month', ['fact_orders', 'int_sales_monthly', 'int_margins_monthly'], month_of) }}",
  ],
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
with sales as (
  select * from {{ ref('int_sales_monthly') }}
  {% if is_incremental() %}
  where {{ has_touched_day('month', ['fact_orders', 'int_sales_monthly', 'int_margins_monthly'], month_of) }}
  {% endif %}
)

select
  sales.month,
  sales.product_id,
  sales.region,
  sales.orders,
  sales.units,
  sales.gross_amount,
  sales.discount_amount,
  sales.tax_amount,
  {{ amount('sales.total_amount - sales.tax_amount') }} as net_amount,
  sales.total_amount,
  sales.first_sale_date,
  sales.last_sale_date,
  {{ amount('case when costs.unit_cost is not null then sales.total_amount - sales.tax_amount else 0 end') }} as costed_amount,
  {{ cost('sales.units * costs.unit_cost') }} as cost_amount,
  {{ cost('sales.total_amount - sales.tax_amount - sales.units * costs.unit_cost') }} as margin_amount
from sales
left join {{ ref('int_unit_costs') }} as costs
  on costs.product_id = sales.product_id and sales.month >= costs.first_month and sales.month < costs.next_month
