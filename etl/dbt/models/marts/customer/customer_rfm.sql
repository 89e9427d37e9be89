with ranked as (
  select
    customer_id,
    {{ days_between('last_order_date', 'today') }} as recency_days,
    total_orders as frequency,
    total_revenue as monetary,
    percent_rank() over (order by last_order_date) as recency_rank,
    percent_rank() over (order by total_orders) as frequency_rank,
    percent_rank() over (order by total_revenue) as monetary_rank
  from {{ ref('int_customer_totals') }}
  where total_orders > 0
),

scored as (
  select
    *,
    {% for measure in ['recency', 'frequency', 'monetary'] %}
    cast(least(5, floor({{ measure }}_rank * 5) + 1) as bigint) as {{ measure }}_score{{ ',' if not loop.last }}
    {% endfor %}
  from ranked
)

select
  customer_id,
  recency_days,
  frequency,
  {{ money('monetary') }} as monetary,
  recency_score,
  frequency_score,
  monetary_score,
  recency_score * 100 + frequency_score * 10 + monetary_score as rfm_score,
  case
    when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
    when recency_score >= 3 and frequency_score >= 4 then 'loyal'
    when recency_score >= 4 and frequency_score <= 2 then 'new'
    when recency_score >= 3 then 'promising'
    when frequency_score >= 4 or monetary_score >= 4 then 'at_risk'
    when recency_score = 2 then 'fading'
    else 'lost'
  end as segment
from scored
