select
  margins.month,
  margins.region,
  products.category,
  {{ whole('sum(margins.units)') }} as units,
  {{ money('sum(margins.gross_amount)') }} as gross_revenue,
  {{ money('sum(margins.discount_amount)') }} as discounts,
  {{ money('sum(margins.tax_amount)') }} as taxes,
  {{ money('sum(margins.net_amount)') }} as net_revenue,
  {{ money('sum(margins.total_amount)') }} as total_revenue,
  {{ money('sum(margins.costed_amount)') }} as net_revenue_with_cost,
  {{ money('sum(margins.cost_amount)') }} as cost_of_goods_sold,
  {{ money('sum(margins.margin_amount)') }} as gross_margin,
  {{ ratio(quotient('sum(margins.margin_amount)', 'sum(margins.costed_amount)')) }} as margin_rate
from {{ ref('int_margins_monthly') }} as margins
left join {{ ref('int_products') }} as products on products.product_id = margins.product_id
group by 1, 2, 3
