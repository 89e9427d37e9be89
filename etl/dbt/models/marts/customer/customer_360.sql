select
  totals.customer_id,
  totals.customer_name,
  totals.region,
  totals.tier,
  totals.status,
  totals.signup_date,
  totals.total_orders,
  {{ money('totals.total_revenue') }} as total_revenue,
  totals.first_order_date,
  totals.last_order_date,
  {{ money(quotient('totals.total_revenue', 'totals.total_orders')) }} as avg_order_value,
  {{ days_between('totals.last_order_date', 'totals.today') }} as days_since_last_order,
  coalesce(interactions.interactions, 0) as total_interactions,
  coalesce(interactions.open_interactions, 0) as open_interactions,
  coalesce(interactions.complaints, 0) as total_complaints,
  interactions.last_interaction_date
from {{ ref('int_customer_totals') }} as totals
left join {{ ref('int_customer_interactions') }} as interactions on interactions.customer_id = totals.customer_id
