with delays as (
  select
    fulfilments.customer_id,
    {{ quotient(count_where('not fulfilments.is_on_time'), count_where('fulfilments.is_promise_known')) }} as late_share
  from {{ ref('int_fulfilments') }} as fulfilments
  cross join {{ ref('int_clock') }} as clock
  where fulfilments.order_date > {{ add_days('clock.today', -180) }}
  group by fulfilments.customer_id
),

spans as (
  select
    *,
    {{ days_between('last_order_date', 'today') }} as days_since_last_order,
    greatest(90.0, 3 * coalesce(average_interval_days, 0)) as churn_threshold_days
  from {{ ref('int_customer_totals') }}
  where total_orders > 0
)

select
  spans.customer_id,
  spans.days_since_last_order,
  {{ days_between('spans.first_order_date', 'spans.today') }} as tenure_days,
  spans.total_orders,
  spans.orders_30d,
  spans.orders_90d,
  spans.orders_180d,
  spans.orders_365d,
  {{ money('spans.revenue_90d') }} as revenue_90d,
  {{ money('spans.revenue_180d - spans.revenue_90d') }} as revenue_previous_90d,
  {{ ratio(quotient('spans.revenue_90d - (spans.revenue_180d - spans.revenue_90d)', 'spans.revenue_180d - spans.revenue_90d')) }} as revenue_trend,
  {{ ratio('spans.average_interval_days') }} as average_interval_days,
  {{ ratio(quotient('spans.days_since_last_order', 'spans.average_interval_days')) }} as overdue_ratio,
  {{ ratio('delays.late_share') }} as late_delivery_share_180d,
  coalesce(interactions.complaints_90d, 0) as complaints_90d,
  coalesce(interactions.open_interactions, 0) as open_interactions,
  {{ ratio('interactions.average_resolution_minutes') }} as average_resolution_minutes,
  {{ ratio('spans.churn_threshold_days') }} as churn_threshold_days,
  spans.days_since_last_order > spans.churn_threshold_days as is_churned
from spans
left join delays on delays.customer_id = spans.customer_id
left join {{ ref('int_customer_interactions') }} as interactions on interactions.customer_id = spans.customer_id
