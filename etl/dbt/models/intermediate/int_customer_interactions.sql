select
  interactions.customer_id,
  count(*) as interactions,
  {{ count_where("not interactions.resolved") }} as open_interactions,
  {{ count_where("interactions.type = 'complaint'") }} as complaints,
  {{ count_where("interactions.type = 'complaint' and interactions.interaction_date > " ~ add_days('clock.today', -90)) }} as complaints_90d,
  max(interactions.interaction_date) as last_interaction_date,
  avg({{ real('interactions.resolution_time_minutes') }}) as average_resolution_minutes
from {{ ref('fact_customer_interactions') }} as interactions
cross join {{ ref('int_clock') }} as clock
where {{ every_day('interactions.interaction_date') }}
group by interactions.customer_id
