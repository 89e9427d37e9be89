with purchases as (
  select
    supplier_id,
    status,
    quantity_ordered,
    quantity_received,
    quantity_received * unit_cost as amount,
    {{ hours_between('ordered_at', 'received_at') }} / 24 as lead_days,
    received_at is not null and expected_at is not null as is_promise_known,
    received_at <= expected_at as is_on_time,
    received_at <= expected_at and quantity_received >= quantity_ordered as is_on_time_in_full
  from {{ ref('stg_purchase_orders') }}
),

summed as (
  select
    supplier_id,
    count(*) as purchase_orders,
    {{ count_where("status = 'received'") }} as received,
    {{ count_where("status = 'cancelled'") }} as cancelled,
    {{ count_where("status = 'ordered'") }} as still_open,
    sum(case when status = 'received' then amount else 0 end) as spend,
    {{ quotient("sum(case when status = 'received' then quantity_received end)", "sum(case when status = 'received' then quantity_ordered end)") }} as fill_rate,
    {{ quotient(count_where('is_on_time'), count_where('is_promise_known')) }} as on_time_rate,
    {{ quotient(count_where("status = 'received' and is_on_time_in_full"), count_where("status = 'received' and is_promise_known")) }} as on_time_in_full_rate,
    {{ quotient(count_where("status = 'cancelled'"), 'count(*)') }} as cancellation_rate,
    avg(lead_days) as average_lead_days,
    stddev_samp(lead_days) as lead_deviation_days
  from purchases
  group by supplier_id
)

select
  suppliers.supplier_id,
  suppliers.supplier_name,
  suppliers.supplier_type,
  suppliers.region,
  summed.purchase_orders,
  summed.received,
  summed.cancelled,
  summed.still_open,
  {{ money('summed.spend') }} as spend,
  {{ ratio('summed.fill_rate') }} as fill_rate,
  {{ ratio('summed.on_time_rate') }} as on_time_rate,
  {{ ratio('summed.on_time_in_full_rate') }} as on_time_in_full_rate,
  {{ ratio('summed.cancellation_rate') }} as cancellation_rate,
  {{ ratio('summed.average_lead_days') }} as average_lead_days,
  {{ ratio('summed.lead_deviation_days') }} as lead_deviation_days
from summed
inner join {{ ref('dim_suppliers') }} as suppliers
  on suppliers.supplier_id = summed.supplier_id and suppliers.is_current
