SELECT CAST(coalesce(string_agg(concat('{"id":"T3JkZXI6', encode(textsend(CAST(page_0.id AS TEXT)), 'base64'), '","status":"', upper(page_0.status), '","total":"', page_0.total, '","customer":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(customers_1.name), '}') END, ',"items":', (SELECT concat('{"nodes":[', coalesce(string_agg(concat('{"quantity":', page_1.quantity, ',"unitPrice":"', page_1.unit_price, '","product":', CASE WHEN (products_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(products_1.name), ',"manufacturer":', CASE WHEN (suppliers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(suppliers_1.name), '}') END, '}') END, '}'), ',' ORDER BY page_1.id), ''), ']}') AS concat_1 
FROM (SELECT order_items_1.product_id AS product_id, order_items_1.quantity AS quantity, order_items_1.unit_price AS unit_price, order_items_1.id AS id 
FROM order_items AS order_items_1 
WHERE order_items_1.order_id = page_0.id ORDER BY order_items_1.id 
 LIMIT $1::BIGINT) AS page_1 LEFT OUTER JOIN products AS products_1 ON products_1.id = page_1.product_id LEFT OUTER JOIN suppliers AS suppliers_1 ON suppliers_1.id = products_1.manufacturer_id), '}'), ',' ORDER BY page_0.order_date DESC, page_0.id DESC), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_1.id AS id, anon_1.customer_id AS customer_id, anon_1.status AS status, anon_1.total AS total, anon_1.order_date AS order_date 
FROM (SELECT orders_1.id AS id, orders_1.customer_id AS customer_id, orders_1.status AS status, orders_1.total AS total, orders_1.order_date AS order_date 
FROM orders AS orders_1 
WHERE true ORDER BY orders_1.order_date DESC, orders_1.id DESC 
 LIMIT 8) AS anon_1 ORDER BY anon_1.order_date DESC, anon_1.id DESC 
 LIMIT $2::BIGINT) AS page_0 LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = page_0.customer_id;
