with margins as (
  select
    orders.customer_id,
    sum(orders.total_amount - orders.tax) as net_amount,
    sum(case when costs.unit_cost is not null then orders.total_amount - orders.tax else 0 end) as costed_amount,
    sum(orders.quantity * costs.unit_cost) as cost_amount
  from {{ ref('fact_orders') }} as orders
  left join {{ ref('int_unit_costs') }} as costs
    on costs.product_id = orders.product_id
    and {{ month_of('orders.order_date') }} >= costs.first_month
    and {{ month_of('orders.order_date') }} < costs.next_month
  where orders.is_sale and orders.order_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
  group by orders.customer_id
),

retention as (
  select
    tier,
    -- Two customers are added, one of whom stayed, so that no tier is kept or lost for certain (rule of succession).
    ({{ count_where('orders_year_before > 0 and orders_365d > 0') }} + 1.0)
    / ({{ count_where('orders_year_before > 0') }} + 2.0) as retention_rate
  from {{ ref('int_customer_totals') }}
  group by tier
),

yearly as (
  select
    totals.customer_id,
    totals.total_revenue,
    totals.orders_365d,
    totals.revenue_365d,
    totals.first_order_date,
    totals.today,
    retention.retention_rate,
    {{ quotient('margins.costed_amount - margins.cost_amount', 'margins.costed_amount') }} as margin_rate,
    coalesce(
      {{ quotient('margins.costed_amount - margins.cost_amount', 'margins.costed_amount') }} * margins.net_amount, 0
    ) as margin_365d
  from {{ ref('int_customer_totals') }} as totals
  left join margins on margins.customer_id = totals.customer_id
  left join retention on retention.tier is not distinct from totals.tier
)

select
  customer_id,
  {{ money('total_revenue') }} as historical_revenue,
  orders_365d as orders_last_year,
  {{ money('revenue_365d') }} as revenue_last_year,
  {{ ratio('margin_rate') }} as margin_rate,
  {{ money('margin_365d') }} as margin_last_year,
  {{ ratio('retention_rate') }} as retention_rate,
  {{ ratio('1.0 / (1 - retention_rate)') }} as expected_lifetime_years,
  {{ money('margin_365d * retention_rate / (1 + ' ~ var('discount_rate') ~ ' - retention_rate)') }} as lifetime_value
from yearly
