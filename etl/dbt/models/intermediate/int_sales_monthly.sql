-- The region is that of the customer at the time of the order: a customer that moves doesn't change the past.
{{ config(
  pre_hook=[
    "{{ note_days_of_regions(ref('fact_orders'), ref('dim_customers')) }}",
    "{{ clear_periods('month', ['fact_orders', 'int_sales_monthly'], month_of) }}",
  ],
  post_hook=["{{ keep_regions(ref('dim_customers')) }}", "{{ advance_watermark() }}"],
  **summed()
) }}
select
  {{ month_of('facts.order_date') }} as month,
  facts.product_id,
  customers.region,
  count(distinct facts.order_id) as orders,
  {{ whole('sum(facts.quantity)') }} as units,
  {{ amount('sum(facts.total_amount - facts.tax + facts.discount)') }} as gross_amount,
  {{ amount('sum(facts.discount)') }} as discount_amount,
  {{ amount('sum(facts.tax)') }} as tax_amount,
  {{ amount('sum(facts.total_amount)') }} as total_amount,
  min(facts.order_date) as first_sale_date,
  max(facts.order_date) as last_sale_date
from {{ ref('fact_orders') }} as facts
left join {{ ref('dim_customers') }} as customers
  on {{ is_version_at('customers', 'customer_id', 'facts', 'ordered_at') }}
where {{ every_day('facts.order_date') }} and facts.is_sale
{% if is_incremental() %}
  and {{ has_touched_day(month_of('facts.order_date'), ['fact_orders', 'int_sales_monthly'], month_of) }}
{% endif %}
group by 1, 2, 3
