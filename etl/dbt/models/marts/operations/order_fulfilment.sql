-- `overdue` depends on the moment, not on the day alone.
{{ config(tags=['moment']) }}
select
  fulfilments.order_date,
  customers.region,
  count(*) as orders,
  {{ count_where("fulfilments.status = 'delivered'") }} as delivered,
  {{ count_where("fulfilments.status = 'cancelled'") }} as cancelled,
  {{ count_where('fulfilments.is_open') }} as still_open,
  {{ count_where('fulfilments.is_open and fulfilments.promised_at < current_timestamp') }} as overdue,
  {{ count_where('fulfilments.is_on_time') }} as on_time,
  {{ ratio(quotient(count_where('fulfilments.is_on_time'), count_where('fulfilments.is_promise_known'))) }} as on_time_rate,
  {{ ratio(quotient(count_where("fulfilments.status = 'cancelled'"), 'count(*)')) }} as cancellation_rate,
  {{ ratio('avg(' ~ real('fulfilments.hours_to_ship') ~ ')') }} as average_hours_to_ship,
  {{ ratio('avg(' ~ real('fulfilments.hours_to_deliver') ~ ')') }} as average_hours_to_deliver
from {{ ref('int_fulfilments') }} as fulfilments
left join {{ ref('int_customers') }} as customers on customers.customer_id = fulfilments.customer_id
group by 1, 2
