with margins as (
  select
    customer_id,
    sum(net_amount) as net_amount,
    sum(costed_amount) as costed_amount,
    sum(cost_amount) as cost_amount
  from {{ ref('int_orders') }}
  where order_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
  group by customer_id
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
