with sold as (
  select
    product_id,
    sum(orders) as orders,
    sum(units) as units,
    sum(total_amount) as revenue,
    sum(net_amount) as net_amount,
    sum(discount_amount) as discount_amount,
    sum(gross_amount) as gross_amount,
    min(first_sale_date) as first_sale_date,
    max(last_sale_date) as last_sale_date,
    sum(margin_amount) as margin_amount,
    sum(costed_amount) as costed_amount
  from {{ ref('int_margins_monthly') }}
  group by product_id
),

lately as (
  select
    product_id,
    sum(case when order_date > {{ add_days('clock.today', -30) }} then quantity else 0 end) as units_30d,
    sum(case when order_date <= {{ add_days('clock.today', -30) }} then quantity else 0 end) as units_previous_30d
  from {{ ref('fact_orders') }}
  cross join {{ ref('int_clock') }} as clock
  where is_sale and order_date > (select {{ add_days('today', -60) }} from {{ ref('int_clock') }})
  group by product_id
),

joined as (
  select
    products.*,
    coalesce(sold.orders, 0) as orders,
    coalesce(sold.units, 0) as units,
    coalesce(sold.revenue, 0) as revenue,
    sold.net_amount,
    sold.discount_amount,
    sold.gross_amount,
    sold.first_sale_date,
    sold.last_sale_date,
    coalesce(lately.units_30d, 0) as units_30d,
    coalesce(lately.units_previous_30d, 0) as units_previous_30d,
    sold.margin_amount,
    sold.costed_amount
  from {{ ref('int_products') }} as products
  left join sold on sold.product_id = products.product_id
  left join lately on lately.product_id = products.product_id
),

shares as (
  select
    *,
    {{ quotient('revenue', 'sum(revenue) over ()') }} as revenue_share,
    {{ quotient('sum(revenue) over (order by revenue desc, product_id rows between unbounded preceding and current row) - revenue', 'sum(revenue) over ()') }} as share_before,
    row_number() over (partition by category order by revenue desc, product_id) as category_rank
  from joined
)

select
  product_id,
  sku,
  product_name,
  category,
  manufacturer,
  is_generic,
  {{ whole('orders') }} as total_orders,
  {{ whole('units') }} as units_sold,
  {{ money('revenue') }} as total_revenue,
  {{ money(quotient('net_amount', 'units')) }} as average_net_price,
  {{ ratio(quotient('discount_amount', 'gross_amount')) }} as discount_rate,
  {{ money('margin_amount') }} as margin,
  {{ ratio(quotient('margin_amount', 'costed_amount')) }} as margin_rate,
  first_sale_date,
  last_sale_date,
  {{ whole('units_30d') }} as units_30d,
  {{ whole('units_previous_30d') }} as units_previous_30d,
  {{ ratio('revenue_share') }} as revenue_share,
  category_rank,
  case
    when revenue = 0 then 'none'
    when share_before < 0.8 then 'A'
    when share_before < 0.95 then 'B'
    else 'C'
  end as abc_class
from shares
